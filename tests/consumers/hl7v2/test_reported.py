"""Situations that integration engineers reported in public, with an invented feed for each.

The files are in ``reported``; they are read without a profile, as a new user would read them.
"""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest

from commands.ports.intake import Disposition, IncomingMessage
from consumers.hl7v2.files import split
from domain.continuity import Patient
from domain.interpretation import interpret
from domain.statement import Place
from tests.consumers.hl7v2 import adt
from tests.consumers.hl7v2.adt import IN_UTC, sealed

REPORTED = Path(__file__).parent / "reported"


def received(raw: bytes, toml: str = "") -> IncomingMessage:
    """Read a message without a profile, unless a test gives one."""
    return adt.received(raw, toml)


def messages(name: str) -> list[bytes]:
    (file,) = REPORTED.glob(f"{name}-*")
    return list(split(file.read_bytes()))


def shown(place: Place | None) -> str:
    if place is None:
        return "?"
    unit = "(text)" if place.as_text else place.unit
    return "-".join(filter(None, (place.building, place.floor, unit, place.room, place.bed)))


def summary(patients: Sequence[Patient]) -> list[str]:
    """Return a line for each encounter: the patient's number, class, status, times, stays."""
    lines = []
    for number, patient in enumerate(patients, 1):
        for each in patient.encounters:
            stays = [
                f"{shown(stay.place)} {stay.start:%d.%H:%M}-"
                + (f"{stay.end:%d.%H:%M}" if stay.end else "")
                if stay.start
                else shown(stay.place)
                for stay in each.stays
            ]
            lines.append(f"{number} {each.class_code} {each.status}: {', '.join(stays)}")
    return sorted(lines)


def told(raw: Sequence[bytes], toml: str = "") -> list[str]:
    """Return what messages add up to; the same in every order of arrival."""
    results = {
        tuple(
            summary(
                interpret([draft.core for each in order for draft in received(each, toml).drafts])
            )
        )
        for order in permutations(raw)
    }
    assert len(results) == 1
    return list(results.pop())


def flags(message: IncomingMessage) -> tuple[str, ...]:
    (draft,) = message.drafts
    return draft.core.flags


EXPECTED = {
    "01": ["1 IMP finished: 4W-1-J 02.15:00-02.16:00, 5E-2-J 02.16:00-02.17:30"],
    "02": ["1 IMP in-progress: L&D-12-B 02.10:00-"],
    "03": ["1 IMP finished: 4W-1-A 02.10:00-04.10:00"],
    "04a": ["1 EMER in-progress: ED-1-A 28.10:00-", "1 IMP in-progress: 4W-1-A 02.10:00-"],
    "05": ["1 EMER in-progress: ED-1-A 02.11:00-", "1 IMP in-progress: 4W-1-A 02.10:00-"],
    "06": ["1 IMP in-progress: 4W-1-C 04.10:00-"],
    "07": ["1 AMB arrived: EYE-1 02.09:00-", "1 AMB finished: DIAL-1 02.08:00-02.12:00"],
    "07b": [
        "1 AMB arrived: EYE-1 02.09:30-",
        "1 AMB finished: DIAL-1 02.09:00-02.12:00",
        "1 IMP in-progress: 4W-1-A 01.08:00-",
    ],
    "09": ["1 IMP in-progress: 4W-3-A 28.10:00-"],
    "10b": ["1 IMP in-progress: Unità-1-A 02.10:00-"],
    "11a": [
        "1 IMP finished: 4W-7-A 01.00:00-05.10:45",
        "2 IMP in-progress: 4W-7-A 05.14:15-",
    ],
    "11c": [
        "1 IMP finished: 4W-8-A 01.09:15-05.10:45",
        "1 IMP in-progress: 5E-2-B 05.18:00-",
    ],
    "13a": [
        "1 IMP in-progress: SOUTHWING-2-MED-12-A 02.11:00-",
        "2 IMP in-progress: SOUTHWING-2-MED-14-A 03.10:00-",
        "3 IMP in-progress: NORTHWING-4-MED-12-A 02.10:00-",
    ],
    "13b": ["1 IMP in-progress: (text) 02.10:00-03.10:00, (text) 03.10:00-"],
    "16": ["1 IMP in-progress: 4W-4-K 02.10:00-", "2 IMP in-progress: 4W-2-K 02.10:00-"],
    "17": ["1 IMP finished: 4W-9-B 02.08:00-05.08:00"],
    "18": ["1 IMP finished: 4W-1-A 02.10:00-05.10:00"],
    "19": ["1 IMP in-progress: 4W-1-A 02.14:31-"],
    "20": ["1 IMP finished: 4W-1-A 02.10:00-05.10:00"],
    "22": ["1 IMP in-progress: 4W-1-A 02.10:00-", "2 IMP in-progress: ICU-2-B 02.11:00-"],
    "23": [
        "1 AMB arrived: DIAL-1-A 02.08:00-",
        "1 AMB arrived: DIAL-2-A 04.08:00-",
        "1 AMB arrived: DIAL-3-A 06.08:00-",
    ],
    "24": ["1 IMP in-progress: ED-1-A 02.08:00-02.15:00, 4W-2-B 02.15:00-"],
    "25": ["1 IMP in-progress: 4W-9-A 02.08:00-"],
    "26": ["1 IMP in-progress: PED-1-F 02.11:00-", "2 IMP in-progress: 4W-1-E 02.10:00-"],
    "27": ["1 IMP finished: 4W-1-A 02.10:00-05.11:45"],
    "28": ["1 IMP in-progress: 4W-1-I 02.10:00-"],
    "29": ["1 IMP in-progress: 4W-1-G 02.10:00-"],
    "30": ["1 IMP in-progress: L&D-1-H 02.10:00-"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_reported_situation_has_the_right_outcome(name: str) -> None:
    assert told(messages(name)) == EXPECTED[name]


def test_every_file_has_an_outcome() -> None:
    assert sorted(EXPECTED) == sorted(each.name.split("-")[0] for each in REPORTED.iterdir())


# --- 01: zones ------------------------------------------------------------------------------------


def test_times_without_any_zone_are_read_as_utc_and_flagged_on_message_and_entry() -> None:
    raw = [each.replace(b"-0500", b"") for each in messages("01")]
    for toml in ("", '[sender.default]\ncharset = "UTF-8"'):
        for each in raw:
            message = received(each, toml)
            assert "zone_assumed" in message.warnings
            assert "zone_assumed" in flags(message)
    assert told(raw) == ["1 IMP finished: 4W-1-J 02.10:00-02.11:00, 5E-2-J 02.11:00-02.12:30"]


def test_the_zone_of_the_profile_comes_before_the_offset_of_msh_7() -> None:
    toml = '[sender.default]\nzone = "America/Denver"'
    assert told([messages("01")[0]], toml) == ["1 IMP in-progress: 4W-1-J 02.17:00-"]
    assert "zone_assumed" not in received(messages("01")[0], toml).warnings


@pytest.mark.parametrize(("day", "doubtful"), [("20260301", False), ("20260120", True)])
def test_an_offset_of_msh_7_is_doubtful_some_weeks_away(day: str, doubtful: bool) -> None:  # noqa: FBT001
    first = messages("01")[0]
    raw = first[:-14] + day.encode() + b"100000"
    assert ("PV1-44.offset_doubtful" in flags(received(raw))) is doubtful


@pytest.mark.parametrize(
    ("offset", "hour"), [("+0000", "10"), ("+0530", "04"), ("-0330", "13"), ("-0000", "10")]
)
def test_any_offset_of_msh_7_is_used(offset: str, hour: str) -> None:
    raw = messages("01")[0].replace(b"-0500", offset.encode())
    (draft,) = received(raw).drafts
    assert draft.core.admitted
    assert (f"{draft.core.admitted.at:%H}", draft.core.admitted.zone) == (hour, "message")
    assert "zone_assumed" not in draft.core.flags


# --- 02, 09, 10b: delimiters and charsets as declared ---------------------------------------------


def test_a_character_that_msh_2_does_not_declare_is_text() -> None:
    first = messages("02")[0]
    for encoding, unit in ((b"^~\\&", "L"), (b"^~\\", "L&D"), (b"^~", "L&D"), (b"^", "L&D")):
        (draft,) = received(first.replace(b"^~\\", encoding, 1)).drafts
        assert draft.core.place
        assert draft.core.place.unit == unit
    (draft,) = received(first.replace(b"L&D", b"L\\T\\D")).drafts
    assert draft.core.place
    assert draft.core.place.unit == "L&D"
    name = first.replace(b"^~\\|", b"^|", 1).replace(b"QUILL^ADA", b"QUI~L\\T\\L^ADA")
    assert sealed(name)["demographics"]["names"][0]["family"] == "QUI~L\\T\\L"


def test_kanji_whose_bytes_equal_delimiters_are_read_before_anything_is_split() -> None:
    raw = messages("09")[0]
    names = sealed(raw)["demographics"]["names"]
    assert [each["family"] for each in names] == ["NICHI", "日曉"]
    (draft,) = received(raw, IN_UTC).drafts
    assert draft.core.flags == ()
    assert draft.core.visit
    assert draft.core.admitted


@pytest.mark.parametrize("first", ["", "ASCII", "ISO IR14", "8859/1"])
def test_a_switch_to_kanji_is_read_with_any_first_charset(first: str) -> None:
    raw = messages("09")[0].replace(b"|~ISO IR87", b"|" + first.encode() + b"~ISO IR87")
    assert sealed(raw)["demographics"]["names"][1]["family"] == "日曉"
    if first == "8859/1":
        assert sealed(raw.replace(b"NICHI", b"N\xcfCHI"))["demographics"]["names"][0]["family"] == (
            "NÏCHI"
        )


def test_a_charset_of_the_profile_decides_before_anything_is_split_too() -> None:
    raw = messages("09")[0].replace(b"|~ISO IR87", b"|")
    toml = IN_UTC + 'charset = "ISO IR87"'
    (draft,) = received(raw, toml).drafts
    assert (draft.core.flags, bool(draft.core.visit)) == ((), True)
    assert sealed(raw, toml)["demographics"]["names"][1]["family"] == "日曉"


def test_an_unknown_charset_is_flagged_although_all_bytes_are_ascii() -> None:
    for name in (b"ISO IR999", b"~ISO IR999", b"EBCDIC", b"ASCII~CNS 11643-1992", b"~KS X 1001"):
        message = received(messages("10b")[0].replace(b"8859/1", name))
        assert "MSH-18.unknown" in message.warnings
        assert "MSH-18.unknown" in flags(message)


def test_escaped_bytes_are_read_in_the_declared_charset_whatever_else_the_message_holds() -> None:
    plain = messages("10b")[0].replace(b"\\X00E0\\", b"\\XC3A9\\")
    other = plain.replace(b"QUILL^JON", b"QUILL^J\xd6N")
    for declared, unit in ((b"8859/1", "UnitÃ©"), (b"UNICODE UTF-8", "Unité")):
        for raw in (plain, other):
            text = raw.replace(b"8859/1", declared)
            if declared != b"8859/1":
                text = text.replace(b"\xd6", "Ö".encode())
            (draft,) = received(text).drafts
            assert draft.core.place
            assert draft.core.place.unit == unit


@pytest.mark.parametrize("codec", [("GB 18030-2000", "gb18030"), ("BIG-5", "big5")])
def test_letters_whose_second_byte_is_a_delimiter_are_text(codec: tuple[str, str]) -> None:
    name, python = codec
    letters = [
        each
        for each in map(chr, range(0x4E00, 0x9FA5))
        if (data := each.encode(python, "ignore")) and data[-1:] in b"|\\^~"
    ][:8]
    assert len(letters) == 8
    text = messages("10b")[0].decode().replace("QUILL", "".join(letters)).replace("8859/1", name)
    message = received(text.encode(python))
    assert message.disposition is Disposition.RECORDED
    assert sealed(text.encode(python))["demographics"]["names"][0]["family"] == "".join(letters)
    in_msh = text.replace("|REG|", f"|REG{letters[0]}|").encode(python)
    assert received(in_msh).application == f"REG{letters[0]}"


# --- 16: types ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "event", "read_as"),
    [
        ("", "", None), ("", "A01", "A01"), ("", "A99", "A99"), ("", "R01", None),
        ("ADT", "", None), ("ADT", "A03", "A03"), ("ADT_A01", "", "A01"), ("ADT_A01", "A04", "A04"),
        ("ADT_A01", "A03", None), ("ADT-A02", "", "A02"), ("ADT A03", "", "A03"),
        ("A01", "", "A01"), ("A01", "A01", "A01"), ("A01", "A04", None), ("adt_a01", "", "A01"),
        ("ADT^^ADT_A01", "", None), ("ADT^^ADT_A01", "A08", "A08"), ("ADT^^ADT_A03", "", "A03"),
        ("^A01", "", "A01"), ("ADT^ADT_A02", "", "A02"), ("^^ADT_A01", "", None),
        ("ADT^A01~ADT^A08", "", "A01"), ("~ADT^A01", "", "A01"), ("ADT&A01", "", "A01"),
        ("ADT^A1", "", None), ("ADT^A1", "A01", "A01"), ("ADT^ADMIT", "", None),
        ("ADT^A01", "A04", "A01"),
    ],
)  # fmt: skip
def test_an_incomplete_type_is_read_where_only_one_trigger_can_be_meant(
    sent: str, event: str, read_as: str | None
) -> None:
    raw = messages("16")[0].replace(b"||m1|", f"|{sent}|m1|".encode())
    message = received(raw.replace(b"EVN|", f"EVN|{event}".encode()))
    if read_as is None:
        assert (message.disposition, message.reason, message.place) == (
            Disposition.QUARANTINED, "no_trigger", "MSH-9",
        )  # fmt: skip
    else:
        assert message.trigger == read_as
        assert message.disposition is not Disposition.QUARANTINED


# --- 18, 28: lines --------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("inside", [b"\r", b"\n", b"\r\n"])
def test_a_line_break_of_any_kind_inside_a_field_is_no_end(end: bytes, inside: bytes) -> None:
    lines = messages("18")[0].split(b"\r")
    segments = [lines[0], lines[1], inside.join(lines[2:4]), inside.join(lines[4:6])]
    raw = end.join(segments)
    for each in (raw, *split(raw + end + b"\r\n" + messages("18")[1])):
        message = received(each)
        if message.control_id == "L1":
            assert "line.joined" in message.warnings
            assert message.drafts[0].core.visit
            address = sealed(each)["demographics"]["addresses"][0]
            assert address.replace("\n", " ") == "1 Old Rd Flat 2, NORDTON"


def test_a_line_without_a_delimiter_after_codes_is_no_part_of_them() -> None:
    raw = messages("18")[1] + b"\r----- next -----"
    message = received(raw)
    assert "line.unknown" in message.warnings
    assert message.drafts[0].core.discharged


# --- 19: times ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["202603021431349", "20260302143134920350", "20260302143134920350+0100"]
)
def test_digits_after_the_seconds_are_left_out_and_flagged(text: str) -> None:
    raw = messages("19")[0].replace(b"20260302143134920350", text.encode())
    (draft,) = received(raw, IN_UTC).drafts
    assert draft.core.admitted
    assert draft.core.admitted.at.minute == 31
    assert draft.core.flags == ("PV1-44.extra_digits",)
    assert sealed(raw)["notes"]["unread"]["PV1-44"] == text


# --- 07: numbers of visits ------------------------------------------------------------------------


def test_the_same_digits_as_visit_and_as_account_are_two_visits() -> None:
    raw = [
        each.replace(b"IN-1", b"7").replace(b"OUT-7", b"7").replace(b"OUT-8", b"8")
        for each in messages("07b")
    ]
    assert told(raw) == EXPECTED["07b"]


# --- 13: places -----------------------------------------------------------------------------------


def test_one_bed_number_in_two_buildings_is_two_places() -> None:
    drafts = [draft.core for raw in messages("13a") for draft in received(raw).drafts]
    places = [each.place for each in drafts]
    assert [place and (place.building, place.floor) for place in places] == [
        ("NORTHWING", "4"), ("SOUTHWING", "2"), ("SOUTHWING", "2"),
    ]  # fmt: skip
    moved = drafts[2]
    beds = {place.ref for place in (*places, moved.prior_place) if place}
    assert len(beds) == 4


def test_wards_that_are_known_only_as_text_are_places() -> None:
    first, second = (received(raw).drafts[0].core for raw in messages("13b"))
    assert first.place
    assert second.place
    assert first.place.as_text
    assert second.prior_place == first.place
    assert second.place.ref != first.place.ref
    assert [each["text"] for each in sealed(messages("13b")[1])["notes"]["places"]] == [
        "Hazel Ward", "Rowan Ward",
    ]  # fmt: skip
