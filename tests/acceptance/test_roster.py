"""Rosters by the real command line: every row is accounted for, and a second load says nothing."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.postgres_server import joined
from tests.acceptance.command_line import CommandLine, SameProcess

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

OPERATOR = ("--as", "op-1", "--purpose", "HOPERAT")
HEADER = "authority,identifier,target,from,until,target_kind\n"


def admission(number: int) -> str:
    return (
        f"MSH|^~\\&|ADT|MERCY|||20260301101000||ADT^A01|{number}|P|2.5\r"
        "EVN||20260301101000||||20260301100000\r"
        f"PID|1||{number:04}^^^MERCY^MR||ALDER^ROWENA||19510602|F\r"
        f"PV1|1|I|4W^{number}^1^MERCY" + "|" * 16 + f"V{number}" + "|" * 25 + "202603011000\r"
    )


@pytest.fixture
def caretrail(home: Path) -> Iterator[CommandLine]:
    with joined(home):
        line = SameProcess(home)
        feed = home.with_name("feed.hl7")
        feed.write_text("".join(map(admission, range(1, 6))))
        line.run("ingest", feed)
        yield line


def load(line: CommandLine, rows: str, *more: str | Path, roster: str = "plan-a") -> dict[str, Any]:
    file = line.home.with_name("roster.csv")
    file.write_text(HEADER + rows)
    return line.object("roster", "load", file, "--roster", roster, *more, *OPERATOR)


def counts(account: dict[str, Any]) -> tuple[int, ...]:
    names = ("rows", "recorded", "unchanged", "refused", "ended")
    return tuple(account[name] for name in names)


def targets(line: CommandLine, patient: str, *more: str) -> list[str]:
    shown = line.object("attribution", "show", patient, *more)
    return [each["target"] for each in shown["in_force"]]


FIRST = """\
MERCY,0001,NORTH,2026-01-01,,practice
MERCY,0002,NORTH,2026-01-01,2026-06-30,practice
MERCY,0002,SOUTH,2026-07-01,,practice
MERCY,0002,ACME,2026-01-01,,payer
MERCY,0003,NORTH,yesterday,,practice
MERCY,9999,NORTH,2026-01-01,,practice
MERCY,0001,SOUTH,2026-02-01,,practice
"""


def test_every_row_is_accounted_for_and_a_second_load_records_nothing(
    caretrail: CommandLine,
) -> None:
    first = load(caretrail, FIRST)
    assert counts(first) == (7, 4, 0, 3, 0)
    assert [(each["line"], each["code"]) for each in first["refusals"]] == [
        (6, "bad_day"),
        (7, "unknown_person"),
        (8, "listed_twice"),
    ]
    newest = caretrail.object("responsible", "MERCY|0001")["known_at"]["index"]
    again = load(caretrail, FIRST)
    assert counts(again) == (7, 0, 4, 3, 0)
    assert caretrail.object("responsible", "MERCY|0001")["known_at"]["index"] == newest

    assert targets(caretrail, "MERCY|0001") == ["NORTH"]
    assert targets(caretrail, "MERCY|0002", "--as-of", "2026-03-01T00:00:00Z") == ["ACME", "NORTH"]
    assert targets(caretrail, "MERCY|0002", "--as-of", "2026-08-01T00:00:00Z") == ["SOUTH", "ACME"]
    shown = caretrail.object("attribution", "show", "MERCY|0001")
    (attribution,) = shown["attributions"]
    assert (attribution["roster"], attribution["roster_row"]) == ("plan-a", 2)
    assert (attribution["since"], attribution["since_precision"]) == ("2026-01-01T00:00:00Z", "day")
    text = caretrail.run(
        "roster", "load", caretrail.home.with_name("roster.csv"), "--roster", "plan-a", *OPERATOR
    )
    assert "line 6: bad_day: from: write a day as 2026-03-02" in text


def test_many_refused_rows_are_counted_and_written_to_a_file(caretrail: CommandLine) -> None:
    unknown = "".join(f"MERCY,9{number:03},NORTH,2026-01-01,,practice\n" for number in range(230))
    rows = unknown + "MERCY,0001,NORTH,soon,,practice\n"
    file = caretrail.home.with_name("refused.csv")
    told = load(caretrail, rows, "--refusals", file)
    assert counts(told) == (231, 0, 0, 231, 0)
    assert told["refused_by_code"] == {"unknown_person": 230, "bad_day": 1}
    assert [(each["line"], each["code"]) for each in told["refusals"]] == [
        *((line, "unknown_person") for line in range(2, 7)), (232, "bad_day"),
    ]  # fmt: skip
    with file.open(encoding="utf-8", newline="") as written:
        refused = list(csv.DictReader(written))
    assert [int(each["line"]) for each in refused] == list(range(2, 233))
    assert refused[-1] == {name: str(value) for name, value in told["refusals"][-1].items()}
    text = caretrail.run(
        "roster", "load", caretrail.home.with_name("roster.csv"), "--roster", "plan-a", *OPERATOR
    )
    assert re.search(r"^unknown_person +230$", text, re.MULTILINE)
    assert text.count(": unknown_person: ") == 5
    itself = ("roster", "load", file, "--roster", "plan-a", "--refusals", file, *OPERATOR)
    assert "names the roster itself" in caretrail.refused(*itself)


def test_a_later_roster_changes_and_ends_attributions(caretrail: CommandLine) -> None:
    row = "MERCY,000{},NORTH,2026-01-01,,practice\n"
    assert counts(load(caretrail, "".join(map(row.format, (1, 2, 3))))) == (3, 3, 0, 0, 0)
    assert counts(load(caretrail, row.format(1), roster="plan-b")) == (1, 1, 0, 0, 0)
    later = row.format(1) + "MERCY,0002,SOUTH,2026-02-01,,practice\n"
    # The second patient moves to another practice; the third is not on the roster any more.
    assert counts(load(caretrail, later, "--complete")) == (2, 1, 1, 0, 2)
    assert targets(caretrail, "MERCY|0002") == ["SOUTH"]
    assert targets(caretrail, "MERCY|0002", "--as-of", "2026-01-15T00:00:00Z") == ["NORTH"]
    assert targets(caretrail, "MERCY|0003") == []
    assert targets(caretrail, "MERCY|0003", "--as-of", "2026-01-15T00:00:00Z") == ["NORTH"]
    assert counts(load(caretrail, later, "--complete")) == (2, 0, 2, 0, 0)
    # The third patient is back, from the same day.
    assert counts(load(caretrail, row.format(3))) == (1, 1, 0, 0, 0)
    assert targets(caretrail, "MERCY|0003") == ["NORTH"]
    before = caretrail.object("projections", "digest")
    caretrail.run("projections", "rebuild")
    assert caretrail.object("projections", "digest") == before


def test_a_row_that_cannot_be_read_ends_nothing(caretrail: CommandLine) -> None:
    row = "MERCY,000{},NORTH,2026-01-01,,practice\n"
    load(caretrail, row.format(1) + row.format(2))
    wrong = load(caretrail, row.format(1) + "MERCY,0002,NORTH,soon,,practice\n", "--complete")
    assert (wrong["ended"], wrong["not_ended"]) == (0, True)
    assert targets(caretrail, "MERCY|0002") == ["NORTH"]
    unknown = load(caretrail, row.format(1) + row.format(8), "--complete")
    assert (unknown["ended"], unknown["not_ended"]) == (1, False)
    assert targets(caretrail, "MERCY|0002") == []
