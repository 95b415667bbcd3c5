"""``plan compare``."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, line
from caretrail.failure import Failed
from caretrail.reading.opened_contents import opened_comparison
from caretrail.reading.plan_comparisons import NoSuchRevision, compared_revisions
from domain.ids import StreamId


def plan_compare(options: Namespace) -> None:
    """Compare two revisions of a care plan."""
    stream = StreamId(options.stream)
    with (
        open_home_reader() as reader,
        reader.past(as_of=options.as_of, known_at=options.known_at, stream=stream) as past,
    ):
        try:
            both = compared_revisions(
                past.connection, stream, options.earlier, options.later, clocks=past.clocks
            )
        except NoSuchRevision as error:
            known = ", ".join(map(str, error.known)) or "none"
            raise Failed(f"no revision {error.number}; this plan has: {known}") from None
        shown = opened_comparison(reader, both, stream, past.clocks)
    if options.json:
        json_line(shown)
        return
    for side in ("earlier", "later"):
        one = shown[side]
        at = as_stated(one["revised_at"], one["revised_precision"])
        line(f"revision {one['number']}, {at}, {one['reason'] or 'as it came into force'}")
    line()
    columns(
        ("part", "kind", "", "what differs"),
        [
            (each["part_id"], each["kind"], word, ", ".join(each.get("members", ())))
            for word in ("added", "removed", "changed")
            for each in shown[word]
        ],
    )
    before, after = (
        {each["part_id"]: each["text"] for each in shown[side]["contents"]}
        for side in ("earlier", "later")
    )
    said = [
        (part, before.get(part), after.get(part))
        for part in sorted(before.keys() | after.keys())
        if before.get(part) != after.get(part)
    ]
    if said:
        line()
        columns(("part", "what it said", "what it says"), said)
