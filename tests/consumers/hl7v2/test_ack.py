from datetime import UTC, datetime
from itertools import count

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.ports.intake import Disposition, MessageOutcome
from consumers.hl7v2 import ack
from consumers.hl7v2.profiles import Profile
from consumers.hl7v2.reader import Message
from domain.ids import MessageId
from tests.consumers.hl7v2.adt import adt

NOW = datetime(2026, 3, 1, 14, 33, tzinfo=UTC)


def outcome(first: Disposition, reason: str = "", place: str = "") -> MessageOutcome:
    return MessageOutcome(
        disposition=first, message_id=MessageId("m"), first=first, reason=reason, place=place
    )


RECORDED = outcome(Disposition.RECORDED)
QUARANTINED = outcome(Disposition.QUARANTINED, "no_patient_identifier", "PID-3")
UNREADABLE = outcome(Disposition.UNREADABLE, "no_msh", "MSH")


def answer(
    raw: bytes, became: MessageOutcome = RECORDED, profile: Profile | None = None
) -> Message:
    code, message = ack.acknowledge(raw, became, control_id="A1", now=NOW, profile=profile)
    read = Message(message)
    assert read.field("MSA", 1) == code
    return read


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (Disposition.RECORDED, "AA"),
        (Disposition.NO_EFFECT, "AA"),
        (Disposition.QUARANTINED, "AE"),
        (Disposition.UNREADABLE, "AR"),
    ],
)
def test_the_code_follows_from_the_disposition_of_the_message(
    first: Disposition, code: str
) -> None:
    assert answer(adt(), outcome(first)).field("MSA", 1) == code


def test_a_duplicate_gets_the_answer_of_its_first_sending() -> None:
    again = MessageOutcome(
        disposition=Disposition.DUPLICATE, message_id=MessageId("m"), first=Disposition.QUARANTINED
    )
    assert answer(adt(), again).field("MSA", 1) == "AE"


def test_a_quarantined_message_is_answered_aa_if_the_profile_says_so() -> None:
    read = answer(adt(), QUARANTINED, Profile(quarantine_answer="AA"))
    assert read.field("MSA", 1) == "AA"
    assert not read.all("ERR")


def test_the_answer_names_its_sender_as_receiver_and_repeats_mode_version_and_control_id() -> None:
    read = answer(adt(msh={11: "T", 12: "2.4"}))
    assert [read.field("MSH", n) for n in (3, 4, 5, 6)] == ["CARETRAIL", "CARE", "ADT", "MERCY"]
    assert read.field("MSH", 7) == "20260301143300+0000"
    assert read.field("MSH", 9) == "ACK^A01^ACK"
    assert [read.field("MSH", n) for n in (10, 11, 12)] == ["A1", "T", "2.4"]
    assert read.field("MSA", 2) == "M1"


def test_the_answer_is_in_the_delimiters_of_its_sender() -> None:
    theirs = adt(msh={10: "M\\T\\1"}).translate(bytes.maketrans(b"|^~\\&", b"#:*?!"))
    read = answer(theirs, QUARANTINED)
    assert read.delimiters.written == "#:*?!"
    assert read.delimiters.plain(read.field("MSA", 2)) == "M!1"
    assert read.delimiters.parts(read.field("ERR", 2)) == ["PID", "1", "3"]


def test_the_answer_is_in_the_charset_of_its_sender() -> None:
    raw = adt(msh={10: "Mü", 18: "8859/1"}).decode().encode("iso8859-1")
    assert b"\rMSA|AA|M\xfc\r" in ack.acknowledge(raw, RECORDED, control_id="A1", now=NOW).message
    assert answer(raw).field("MSH", 18) == "8859/1"


@pytest.mark.parametrize("version", ["2.5", "2.5.1", "2.6", "2.7.1", "2.8", "2.9", ""])
def test_err_names_the_field_the_code_and_the_reason(version: str) -> None:
    read = answer(adt(msh={12: version}), QUARANTINED)
    assert read.field("ERR", 2) == "PID^1^3"
    assert read.delimiters.parts(read.field("ERR", 3))[:4] == [
        "101", "Required field missing", "HL70357", "no_patient_identifier",
    ]  # fmt: skip
    assert read.field("ERR", 4) == "E"


@pytest.mark.parametrize(
    ("reason", "place"),
    [("patient_identifier_too_long", "PID-3"), ("prior_identifier_too_long", "MRG-1")],
)
def test_err_says_that_a_number_is_too_long_and_not_that_it_is_missing(
    reason: str, place: str
) -> None:
    read = answer(adt(), outcome(Disposition.QUARANTINED, reason, place))
    assert read.delimiters.parts(read.field("ERR", 3))[:4] == [
        "104", "Value too long", "HL70357", reason,
    ]  # fmt: skip


@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3", "2.3.1", "2.4"])
def test_before_version_2_5_err_has_one_field(version: str) -> None:
    read = answer(adt(msh={12: version}), QUARANTINED)
    segment, sequence, field, error = read.delimiters.components(read.field("ERR", 1))
    assert (segment, sequence, field) == ("PID", "1", "3")
    assert read.delimiters.subcomponents(error) == [
        "101", "Required field missing", "HL70357", "no_patient_identifier",
    ]  # fmt: skip
    structure = {"2.1": "ACK", "2.2": "ACK^A01", "2.3": "ACK^A01"}.get(version, "ACK^A01^ACK")
    assert read.field("MSH", 9) == structure


def test_a_refusal_can_be_written_for_a_message_that_cannot_be_read() -> None:
    for raw in (None, b"", b"hello"):
        code, message = ack.refuse(raw, reason="oversize", control_id="A1", now=NOW)
        read = Message(message)
        assert (code, read.field("MSA", 1), read.field("MSA", 2)) == ("AR", "AR", "")
        assert read.delimiters.parts(read.field("ERR", 3))[:4] == [
            "104", "Value too long", "HL70357", "oversize",
        ]  # fmt: skip
    code, message = ack.refuse(
        adt(), reason="client_not_allowed", place="MSH-3", control_id="A1", now=NOW
    )
    assert Message(message).field("MSA", 2) == "M1"
    assert Message(message).field("ERR", 2) == "MSH^1^3"


@pytest.mark.parametrize(
    ("reason", "code", "meaning"),
    [
        ("too_large", "104", "Value too long"),
        ("too_many_statements", "198", "Non-conformant cardinality"),
        ("reading_failed", "207", "Application internal error"),
    ],
)
def test_an_error_of_the_message_is_not_called_an_internal_error(
    reason: str, code: str, meaning: str
) -> None:
    _, message = ack.refuse(adt(), reason=reason, place="MRG", control_id="A1", now=NOW)
    read = Message(message)
    assert read.delimiters.parts(read.field("ERR", 3))[:4] == [code, meaning, "HL70357", reason]


def test_a_line_break_in_a_field_of_msh_hides_no_control_id() -> None:
    for end in ("\r", "\n", "\r\n"):
        raw = adt(msh={5: "CARE\rTRAIL"}, end=end)
        assert answer(raw, outcome(Disposition.RECORDED)).field("MSA", 2) == "M1"


def test_an_answer_holds_no_patient_data() -> None:
    for became in (QUARANTINED, UNREADABLE):
        _, message = ack.acknowledge(adt(), became, control_id="A1", now=NOW)
        assert not any(each in message for each in (b"DOE", b"98765", b"V4711"))


def codes(msh_15: str, msh_16: str, became: MessageOutcome) -> list[str]:
    numbers = count(1)
    answers = ack.enhanced(
        adt(msh={15: msh_15, 16: msh_16}),
        became,
        new_control_id=lambda: f"A{next(numbers)}",
        now=NOW,
    )
    assert len({Message(each.message).field("MSH", 10) for each in answers}) == len(answers)
    return [each.code for each in answers]


@pytest.mark.parametrize(
    ("msh_15", "msh_16", "became", "expected"),
    [
        ("AL", "AL", RECORDED, ["CA", "AA"]),
        ("AL", "NE", RECORDED, ["CA"]),
        ("NE", "AL", RECORDED, ["AA"]),
        ("", "", RECORDED, ["CA"]),
        ("ER", "ER", RECORDED, []),
        ("SU", "SU", RECORDED, ["CA", "AA"]),
        ("AL", "AL", QUARANTINED, ["CA", "AE"]),
        ("ER", "ER", QUARANTINED, ["AE"]),
        ("NE", "SU", QUARANTINED, []),
        ("AL", "AL", UNREADABLE, ["CR"]),
        ("SU", "AL", UNREADABLE, []),
    ],
)
def test_enhanced_mode_sends_the_answers_that_msh_15_and_msh_16_ask_for(
    msh_15: str, msh_16: str, became: MessageOutcome, expected: list[str]
) -> None:
    assert codes(msh_15, msh_16, became) == expected


def test_another_library_reads_the_answer() -> None:
    _, message = ack.acknowledge(adt(), QUARANTINED, control_id="A1", now=NOW)
    theirs = hl7.parse(message.decode())
    assert str(theirs.segment("MSA")[1]) == "AE"
    assert str(theirs.segment("MSA")[2]) == "M1"
    assert str(theirs.segment("ERR")[2]) == "PID^1^3"


@given(st.binary(max_size=200), st.sampled_from([b"", b"MSH|^~\\&|", b"MSH|", b"MSH#"]))
def test_any_bytes_get_a_valid_answer(rest: bytes, head: bytes) -> None:
    for became in (RECORDED, QUARANTINED, UNREADABLE):
        _, message = ack.acknowledge(head + rest, became, control_id="A|1\r", now=NOW)
        read = Message(message)
        assert read.all("MSA")
        assert [each[0] for each in read.segments][:2] == ["MSH", "MSA"]
