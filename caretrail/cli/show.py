"""``show`` of each kind of own stream."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, line
from caretrail.reading.contract import activity_json
from caretrail.reading.one_stream import read_stream
from domain.errors import UnknownStream
from domain.ids import StreamId


def show(options: Namespace) -> None:
    """Show one own stream and its entries."""
    stream = StreamId(options.stream)
    with open_home_reader() as reader, reader.connection() as connection:
        found = read_stream(connection, stream)
    if found is None or found.kind != options.kind:
        raise UnknownStream(stream)
    shown = {**found.members, "entries": [activity_json(each) for each in found.entries]}
    if options.json:
        json_line(shown)
        return
    line(f"{options.noun} {shown['stream_id']}, version {shown['version']}: {shown['state']}")
    if shown.get("patient_id"):
        line(f"patient {shown['patient_id']}")
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
