"""Protocols: the file, what is due when, and which of them is in force."""

from datetime import UTC, date, datetime, timedelta

import pytest

from caretrail.default_protocol import default_protocol
from domain.duties import Due, done_late, duty, overdue
from domain.errors import ProtocolInvalid
from domain.party import Party
from domain.rules import NO_PROTOCOL, Protocols, PublishedProtocol, parse_protocol

EAST = "America/New_York"
FILE = """
name = "test"
zone = "America/New_York"
zones = { WEST = "America/Los_Angeles" }
duties = { call = { within = "2 bd", source = "a law" }, stat = { within = "4 h", source = "x" } }
calendar = { closed = [2026-03-11] }
[kinds.home]
dispositions = ["01"]
steps = [{ code = "contact", within = "7 d", done_by = ["contact_made"], source = "our choice" }]
"""


def due(code: str, start: str, zone: str = EAST) -> Due:
    found = parse_protocol(FILE).due(code, datetime.fromisoformat(start), zone)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-03-06T23:50:00-05:00", date(2026, 3, 10)),  # Friday, ten minutes before midnight
        ("2026-03-07T00:10:00-05:00", date(2026, 3, 10)),
        ("2026-03-09T12:00:00-04:00", date(2026, 3, 12)),  # the calendar closes the 11th
        ("2026-05-22T12:00:00-04:00", date(2026, 5, 27)),  # Memorial Day is between
    ],
)
def test_business_days_are_local_days(start: str, expected: date) -> None:
    assert due("call", start).on == expected


def test_the_local_day_is_that_of_the_facility() -> None:
    protocol = parse_protocol(FILE)
    late = "2026-03-09T23:50:00-07:00"  # already the 10th in New York
    assert due("call", late, protocol.zone_of("WEST")).on == date(2026, 3, 12)
    assert due("call", late, protocol.zone_of("EAST")).on == date(2026, 3, 13)


def test_hours_are_counted_over_the_change_of_clocks() -> None:
    start = "2026-03-08T00:30:00-05:00"  # the clocks change at 02:00
    assert due("stat", start).at == datetime.fromisoformat("2026-03-08T05:30:00-04:00")


def test_a_due_time_names_its_source_and_version() -> None:
    found = due("call", "2026-03-09T12:00:00-04:00")
    assert (found.source, found.version) == ("a law", parse_protocol(FILE).version)
    assert parse_protocol(FILE + "# changed").version != found.version


def test_a_duty_that_the_protocol_does_not_name_is_not_owed() -> None:
    assert parse_protocol(FILE).due("other", datetime(2026, 3, 9, tzinfo=UTC), EAST) is None


def test_a_day_counts_until_it_ends_there() -> None:
    opened = datetime.fromisoformat("2026-03-09T12:00:00-04:00")
    owed = duty(
        "call",
        due("call", "2026-03-09T12:00:00-04:00"),
        about="x",
        opened_at=opened,
        responsible=Party(organisation="MERCY"),
    )
    end = datetime.fromisoformat("2026-03-13T00:00:00-04:00")  # the 12th ends
    assert not overdue(owed, end - timedelta(seconds=1))
    assert overdue(owed, end)


@pytest.mark.parametrize(("minutes", "late"), [(-1, False), (0, False), (1, True)])
def test_what_was_done_late_is_done_and_late(minutes: int, late: bool) -> None:  # noqa: FBT001
    opened = datetime(2026, 3, 9, 12, tzinfo=UTC)
    limit = due("stat", "2026-03-09T12:00:00+00:00")
    done = opened + timedelta(hours=4, minutes=minutes)
    owed = duty(
        "stat", limit, about="x", opened_at=opened, responsible=Party(pool="P"), done_at=done
    )
    assert done_late(owed) is late
    assert not overdue(owed, done)
    assert overdue(owed, done - timedelta(seconds=1)) is late


def test_the_protocol_in_force_is_the_last_that_began() -> None:
    first, second = parse_protocol(FILE), parse_protocol(FILE + "\n#2")
    third = parse_protocol(FILE + "\n#3")
    noon = datetime(2026, 3, 9, 12, tzinfo=UTC)
    published = Protocols.of(
        [
            PublishedProtocol(None, first),
            PublishedProtocol(noon, second),
            PublishedProtocol(noon, third),
        ]
    )
    assert published.at(noon - timedelta(seconds=1)) is first
    assert published.at(noon) is third
    assert Protocols().at(noon) is NO_PROTOCOL


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('zone = "Mars"', "not an IANA time zone"),
        ("windows = 3", "windows"),
        ('version = "1"', "version: it is made of the content"),
        ("kinds = [", "Invalid"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_the_place(line: str, problem: str) -> None:
    with pytest.raises(ProtocolInvalid, match=problem):
        parse_protocol(f'{line}\nname = "x"\nduties = {{}}\nkinds = {{}}')


@pytest.mark.parametrize("within", ["2bd", "-1 d", "1 week", "two d", ""])
def test_a_time_limit_is_a_number_and_a_unit(within: str) -> None:
    with pytest.raises(ProtocolInvalid, match="is not a time limit"):
        parse_protocol(FILE.replace("7 d", within))


def test_a_disposition_belongs_to_one_kind() -> None:
    with pytest.raises(ProtocolInvalid, match="01 is also in home"):
        parse_protocol(FILE + '[kinds.other]\ndispositions = ["01"]')


def test_the_default_protocol_gives_a_source_for_each_time() -> None:
    protocol = parse_protocol(default_protocol())
    rules = [*protocol.duties.values(), *(s for k in protocol.kinds.values() for s in k.steps)]
    assert len(rules) > 50
    for rule in rules:
        assert any(
            rule.source.startswith(each) for each in ("our choice", "42 CFR", "CPT", "HEDIS", "VA ")
        ), rule
