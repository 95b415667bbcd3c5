"""No message takes more time, memory or room than its size allows."""

import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest

from commands.ports.intake import Disposition
from consumers.hl7v2.limits import LONGEST_NAME, LONGEST_NUMBER, MessageLimits, shortened
from tests.consumers.hl7v2.adt import IN_UTC, KEY, PID, adt, pv1, received, sealed, stated

MANY = "PID|1||" + "~".join(f"N{number}^^^MERCY^MR" for number in range(5_000))


def merge(count: int, rest: str = "") -> bytes:
    lines = [f"MRG|OLD{number}^^^MERCY^MR" for number in range(count)]
    return adt("A40", *lines, *([rest] if rest else []), visit="")


#: Texts that once took time in proportion to the square of their length.
SHAPES: dict[str, Callable[[int], bytes]] = {
    "line feeds in a field": lambda size: adt("A01", "NTE|1||a" + "\nx" * (size // 2)),
    "line feeds": lambda size: adt("A01", "\n" * size),
    "lines that are no segments": lambda size: adt("A01", "x\r" * (size // 2)),
    "repeated segments": lambda size: adt("A01", "\r".join(["PV1|1"] * (size // 6))),
    "repeated numbers": lambda size: adt(pid="PID|1||" + "1~" * (size // 2) + PID[6:]),
    "repeated visit numbers": lambda size: adt(visit=pv1(f19="1~" * (size // 2))),
    "repeated names": lambda size: adt(pid=PID.replace("DOE^JANE", "A~" * (size // 2))),
    "components": lambda size: adt(visit=pv1(f3="4W" + "^A" * (size // 2))),
    "merges that share segments": lambda size: merge(
        99, "\r".join(["ZZZ|1|abcdefgh"] * (size // 15))
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_reading_takes_time_in_proportion_to_the_bytes(shape: str) -> None:
    make = SHAPES[shape]

    def seconds(size: int) -> float:
        raw, best = make(size), 60.0
        for _ in range(3):
            started = time.process_time()
            received(raw)
            best = min(best, time.process_time() - started)
        return best

    # 16 times the bytes: 16 times the time if linear, 256 times if quadratic.
    assert seconds(1 << 18) < 60 * max(seconds(1 << 14), 0.001)


def test_one_message_makes_a_limited_number_of_statements() -> None:
    assert len(received(merge(100)).drafts) == 100
    message = received(merge(101))
    assert (message.disposition, message.reason, message.place) == (
        Disposition.QUARANTINED, "too_many_statements", "MRG",
    )  # fmt: skip
    assert message.drafts == ()
    limits = MessageLimits(statements=2)
    assert len(received(merge(2), limits=limits).drafts) == 2
    assert received(merge(3), limits=limits).reason == "too_many_statements"


def test_what_is_sealed_for_one_message_is_limited() -> None:
    large = "\r".join(["ZZZ|1|abcdefgh"] * 10_000)
    message = received(merge(90, large))
    assert (message.reason, message.place) == ("too_large", "MRG")
    assert received(merge(1, large)).disposition is Disposition.RECORDED
    many_segments = adt("A01", "\r".join(["ZZZ|1"] * 20_000))
    message = received(many_segments, limits=MessageLimits(sealed=1 << 16))
    assert (message.reason, message.place) == ("too_large", "MSH")
    assert received(many_segments).disposition is Disposition.RECORDED


def test_a_long_code_of_a_place_is_sealed_and_the_places_stay_different() -> None:
    one, other = (
        adt(visit=pv1(f3=f"{'U' * 5_000}{end}^401^A^GEN", f6="4W^402^B^GEN")) for end in "XY"
    )
    statement, another = stated(one), stated(other)
    assert statement.place
    assert another.place
    assert (statement.place.unit, statement.place.room, statement.place.bed) == (None, None, None)
    assert statement.place.facility == "GEN"
    assert statement.place.ref != another.place.ref
    assert statement.flags.count("PV1-3.too_long") == 1
    assert sealed(one)["notes"]["unread"]["PV1-3"].startswith("UUUU")
    assert statement.prior_place
    assert statement.prior_place.unit == "4W"


@pytest.mark.parametrize("field", ["f3", "f6", "f11", "f42"])
@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_no_part_of_a_place_is_long(field: str, part: int) -> None:
    codes = ["4W", "401", "A", "GEN"]
    codes[part] = "Ü" * 5_000
    statement = stated(adt(visit=pv1(**{field: "^".join(codes)})))
    for place in (
        statement.place, statement.prior_place, statement.temporary_place, statement.pending_place
    ):  # fmt: skip
        if place:
            for code in (place.facility, place.unit, place.room, place.bed):
                assert len(code or "") <= LONGEST_NAME
    assert f"PV1-{field[1:]}.too_long" in statement.flags


def test_a_long_number_or_authority_is_no_number() -> None:
    long_number, long_authority = "9" * 299_999 + "8", "A" * 300_000
    for first in (f"{long_number}^^^MERCY^MR", f"9^^^{long_authority}^MR"):
        statement = stated(adt(pid=f"PID|1||{first}~12^^^MERCY^MR"))
        assert statement.record == KEY.record("MERCY", "12", "P")
        assert "PID-3.too_long" in statement.flags
        alone = received(adt(pid=f"PID|1||{first}"))
        assert (alone.reason, alone.place) == ("patient_identifier_too_long", "PID-3")
    visit = adt(visit=pv1(f19=long_number))
    assert stated(visit, IN_UTC + 'visit_number = "PV1-19"').visit is None
    assert "PV1-19.too_long" in stated(visit).flags
    assert sealed(visit)["notes"]["unread"]["PV1-19"] == long_number


def test_a_number_at_the_limit_is_read() -> None:
    number = "8" + "1" * (LONGEST_NUMBER - 1)
    statement = stated(adt(pid=f"PID|1||{number}^^^{'A' * LONGEST_NUMBER}^MR"))
    assert statement.record == KEY.record("A" * LONGEST_NUMBER, number, "P")
    assert "PID-3.too_long" not in statement.flags


def test_of_many_numbers_the_first_are_read() -> None:
    statement = stated(adt(pid=MANY, visit=""))
    assert len(statement.identifiers) == 64
    assert "PID-3.too_long" in statement.flags
    assert sealed(adt(pid=MANY))["notes"]["unread"]["PID-3"] == MANY.removeprefix("PID|1||")


def test_of_many_or_long_names_the_others_stay_as_sent() -> None:
    for names in ("~".join(["DOE^JANE"] * 1_000), "X" * 5_000 + "^JANE"):
        raw = adt(pid=PID.replace("DOE^JANE^Q^JR^DR^^L", names))
        kept = sealed(raw)["demographics"]
        assert len(kept["names"]) in {0, 64}
        assert kept["segments"][0]["5"] == names
        assert "PID-5.too_long" in stated(raw).flags


@pytest.mark.parametrize(
    ("number", "member"), [(3, "application"), (4, "sender"), (13, "sequence")]
)
def test_a_long_name_in_msh_is_shortened_with_a_ref(number: int, member: str) -> None:
    raw = adt(msh={number: "N" * 5_000, 14: ""})
    statement = stated(raw)
    text = getattr(statement, member)
    assert len(text) <= LONGEST_NAME
    assert text == shortened("N" * 5_000, KEY)
    assert f"MSH-{number}.too_long" in statement.flags
    assert sealed(raw)["notes"]["unread"][f"MSH-{number}"] == "N" * 5_000
    assert len(statement.namespace) <= LONGEST_NAME


def test_flags_are_not_repeated() -> None:
    message = received(adt("A01", "NTE|1||a" + "\nx" * 1_000))
    assert message.warnings.count("line.joined") == 1


#: Places of a message in which each message may have another long text.
LONG: dict[str, Callable[[str], bytes]] = {
    **{
        f"MSH-{number}": partial(lambda number, text: adt(msh={number: text, 20: ""}), number)
        for number in (3, 4, 5, 9, 10, 11, 12, 13, 18)
    },
    "PID-3": lambda text: adt(pid=f"PID|1||{text}^^^M"),
    "PID-3.4": lambda text: adt(pid=f"PID|1||1^^^{text}"),
    "PID-7": lambda text: adt(pid=PID.replace("19510602", text)),
    "PV1-2": lambda text: adt(visit=pv1(f2=text)),
    "PV1-3": lambda text: adt(visit=pv1(f3=text)),
    "PV1-3.4": lambda text: adt(visit=pv1(f3=f"4W^1^A^{text}")),
    "PV1-19": lambda text: adt(visit=pv1(f19=text)),
    "PV1-44": lambda text: adt(visit=pv1(f44=text)),
}


@pytest.mark.parametrize("place", LONG)
def test_no_cache_grows_with_the_texts_of_messages(place: str) -> None:
    """Reading a hundred such messages keeps a fifth of their texts in memory at most."""
    size = 100_000
    received(LONG[place]("7" * size))
    tracemalloc.start()
    try:
        for number in range(100):
            received(LONG[place](f"{number}" + "7" * size))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 20 * size
