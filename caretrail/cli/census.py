"""``census``: the occupied places."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_lines, note
from caretrail.reading.contract import census_json
from caretrail.reading.places import look_alikes


def census(options: Namespace) -> None:
    """List the occupied places; note how many statements disagree."""
    with open_home_reader() as reader:
        found = reader.census.read(
            now=reader.present(),
            facility=options.facility,
            as_of=options.as_of,
            known_at=options.known_at,
            named=False,
        )
    rows = census_json(found)
    if options.json:
        json_lines(rows)
    else:
        names = ("facility", "unit", "room", "bed", "class", "since", "patient_id", "mode")
        alike = look_alikes((one.facility, one.parts) for one in found.occupied)
        for row, one in zip(rows, found.occupied, strict=True):
            row["since"] = as_stated(row["since"], row["since_precision"])
            row["unit"] = one.parts.unit_label(one.facility, alike) or None
        columns(names, [[row[name] for name in names] for row in rows])
    if found.disagreements:
        note(f"caretrail: {len(found.disagreements)} places to check; the census page lists them")
