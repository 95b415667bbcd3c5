"""``show`` of each kind of own stream."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, line
from caretrail.reading.contract import activity_json
from caretrail.reading.members import Json
from caretrail.reading.one_stream import read_stream
from caretrail.reading.opened_contents import opened_contents
from domain.errors import UnknownStream
from domain.ids import StreamId


def show(options: Namespace) -> None:
    """Show one own stream and its entries."""
    stream = StreamId(options.stream)
    with (
        open_home_reader() as reader,
        reader.past(as_of=options.as_of, known_at=options.known_at, stream=stream) as past,
    ):
        found = read_stream(past.connection, stream, past)
        if found is None or found.kind != options.kind:
            raise UnknownStream(stream)
        opened = opened_contents(reader, found.kind, stream, past.clocks)
    shown = {
        **found.members,
        **opened,
        "entries": [activity_json(each) for each in found.entries],
    }
    if options.json:
        json_line(shown)
        return
    line(f"{options.noun} {shown['stream_id']}, version {shown['version']}: {shown['state']}")
    if shown.get("patient_id"):
        line(f"patient {shown['patient_id']}")
    _print_opened(shown)
    line()
    columns(
        ("happened", "recorded", "what", "event", ""),
        [
            (
                as_stated(each["happened_at"], each["precision"]),
                as_stated(each["recorded_at"]),
                each["summary"],
                each["event_id"],
                "entered in error" if each["voided"] else "",
            )
            for each in shown["entries"]
        ],
    )


def _print_opened(shown: Json) -> None:
    """Print what was sealed: the words of the parts of a plan, or the items of medication lists."""
    if shown.get("contents"):
        line()
        columns(
            ("part", "what it says", "clinical", "measured last"),
            [
                (each["part_id"], each["text"], _members(each["clinical"]),
                 _members(each["progress"]))
                for each in shown["contents"]
            ],
        )  # fmt: skip
    if shown.get("items"):
        line()
        names = ("item", "name", "code", "dose", "route", "frequency", "purpose")
        columns(names, [[each[name] for name in names] for each in shown["items"]])


def _members(stated: Json | None) -> str | None:
    """Return members as one text, such as ``measure weight, value 80``."""
    return ", ".join(f"{name} {value}" for name, value in stated.items()) if stated else None
