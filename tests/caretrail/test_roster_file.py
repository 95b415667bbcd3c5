"""The rows of a roster file: each is read, or refused with its line and a reason."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from caretrail.failure import Failed
from caretrail.rosters.roster_file import ReadRow, RefusedRow, RosterRow, rows_of

CHICAGO = ZoneInfo("America/Chicago")
HEADER = "authority,identifier,target,from,until,target_kind\n"


def read(folder: Path, text: str | bytes) -> list[ReadRow]:
    file = folder / "roster.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(rows_of(file, CHICAGO))


def test_a_day_begins_and_ends_in_the_zone_of_the_file(tmp_path: Path) -> None:
    (row,) = read(tmp_path, HEADER + "MERCY,0042,NORTH,2026-03-08,2026-03-08,practice\n")
    assert isinstance(row, RosterRow)
    assert (row.line, row.authority, row.identifier, row.target) == (2, "MERCY", "0042", "NORTH")
    # The clocks change on this day, so it has 23 hours.
    assert row.since.at == datetime.fromisoformat("2026-03-08T06:00:00Z")
    assert row.until is not None
    assert row.until.at == datetime.fromisoformat("2026-03-09T04:59:59.999999Z")


def test_other_columns_and_their_order_do_not_matter(tmp_path: Path) -> None:
    text = "\ufeffName,From,Target,Identifier,Authority\nA,2026-01-01,NORTH,0042,MERCY\n"
    (row,) = read(tmp_path, text)
    assert isinstance(row, RosterRow)
    assert (row.target_kind, row.target, row.until) == ("practice", "NORTH", None)


def test_each_row_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path) -> None:
    rows = [
        "MERCY,0042,NORTH,2026-01-01,,practice",
        ",0042,NORTH,2026-01-01,,practice",
        "MERCY,0042,North Practice,2026-01-01,,practice",
        "MERCY,0042,NORTH,01/02/2026,,practice",
        "MERCY,0042,NORTH,2026-01-02,2026-01-01,practice",
        "MERCY,0042,NORTH,2026-01-02,,clinic",
        "MERCY,0042,NORTH,2026-01-02,,practice,more",
        "MERCY,0042,NORTH",
        '"MERCY"x,0042,NORTH,2026-01-02,,practice',
        '"MER\nCY",0043,NORTH,2026-01-01,,practice',
        "",
        "MERCY,0044,NORTH,2026-01-01,,practice",
        "MERCY,0045,NORTH,0001-01-01,,practice",
    ]
    found = read(tmp_path, HEADER + "\n".join(rows))
    refused = [(each.line, each.code) for each in found if isinstance(each, RefusedRow)]
    assert refused == [
        (3, "value_missing"),
        (4, "unknown_code"),
        (5, "bad_day"),
        (6, "attribution_period_empty"),
        (7, "unknown_code"),
        (8, "bad_row"),
        (9, "value_missing"),
        (10, "bad_row"),
        (15, "bad_day"),
    ]
    assert [each.line for each in found if isinstance(each, RosterRow)] == [2, 11, 14]
    reasons = " ".join(each.reason for each in found if isinstance(each, RefusedRow))
    assert "0042" not in reasons
    assert "North Practice" not in reasons


def test_a_row_that_is_not_utf_8_is_refused_alone(tmp_path: Path) -> None:
    text = HEADER.encode() + b"MERCY,0042,N\xd6RD,2026-01-01,,\nMERCY,0042,NORTH,2026-01-01,,\n"
    assert [type(each) for each in read(tmp_path, text)] == [RefusedRow, RosterRow]


def test_a_row_of_many_megabytes_is_refused_alone(tmp_path: Path) -> None:
    long = "x" * 3_000_000
    text = HEADER + f"MERCY,{long},NORTH,2026-01-01,,\nMERCY,0042,NORTH,2026-01-01,,\n"
    assert [type(each) for each in read(tmp_path, text)] == [RefusedRow, RosterRow]


@pytest.mark.parametrize("text", ["", "authority,identifier,target\n", "a\n"])
def test_a_file_without_the_columns_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Failed, match="lacks the columns"):
        read(tmp_path, text)


def test_a_file_with_a_column_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="twice: target"):
        read(tmp_path, "authority,identifier,target,target,from\n")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="No such file"):
        list(rows_of(tmp_path / "none.csv", CHICAGO))


def test_a_quotation_mark_that_is_not_closed_tells_how_many_lines_it_took(tmp_path: Path) -> None:
    rows = ['MERCY,0042,"NORTH,2026-01-01,,', "MERCY,0043,NORTH,2026-01-01,,"]
    (refused,) = read(tmp_path, HEADER + "\n".join(rows))
    assert isinstance(refused, RefusedRow)
    assert (refused.line, refused.code) == (2, "bad_row")
    assert refused.reason.endswith("it goes on to line 3")
