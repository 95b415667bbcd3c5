"""Write acknowledgements in the sender's own version, delimiters and charset.

HL7 v2.9.1 chapter 2, 2.9 (protocol) and 2.14 (MSA, ERR). Original mode is used unless the sender's
profile says enhanced mode, because many senders fill MSH-15 and MSH-16 with arbitrary values.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never

from commands.ports.intake import Disposition, MessageOutcome
from consumers.hl7v2.delimiters import ABSENT, Delimiters
from consumers.hl7v2.profiles import Profile
from consumers.hl7v2.reader import Message, NotAMessage, head_of
from consumers.hl7v2.text_cache import cached_by_text

Code: TypeAlias = Literal["AA", "AE", "AR", "CA", "CE", "CR"]

#: Codes and texts of HL7 table 0357, by the reason that reading or intake gives.
_ERRORS: Final = {
    "no_patient_identifier": ("101", "Required field missing"),
    "no_trigger": ("101", "Required field missing"),
    "no_prior_identifier": ("101", "Required field missing"),
    "patient_identifier_too_long": ("104", "Value too long"),
    "prior_identifier_too_long": ("104", "Value too long"),
    "oversize": ("104", "Value too long"),
    "too_large": ("104", "Value too long"),
    "too_many_statements": ("198", "Non-conformant cardinality"),
    "several_messages": ("100", "Segment sequence error"),
    "batch_in_frame": ("100", "Segment sequence error"),
    "no_msh": ("100", "Segment sequence error"),
}
_INTERNAL: Final = ("207", "Application internal error")
_PLACE: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:-(\d+))?")
_VERSION: Final = re.compile(r"2\.(\d{1,2})(?!\d)")
#: Characters of the longest field of MSH that an answer repeats, and of the longest MSA-2.
_LONGEST: Final = 256
_LONGEST_CONTROL_ID: Final = 2_000
_OLD: Final = 5  # before version 2.5, ERR has one field, ERR-1
_WITH_TRIGGER: Final = 2  # since version 2.2, an ACK names the trigger that it answers
_WITHOUT_STRUCTURE: Final = frozenset({"2.2", "2.3"})  # since 2.3.1, MSH-9.3 is ACK too


class Acknowledgement(NamedTuple):
    """An acknowledgement without its MLLP frame."""

    code: Code
    message: bytes


def code_of(disposition: Disposition, profile: Profile | None = None) -> Code:
    """Return the code of the answer in original mode.

    For a duplicate, pass the disposition of its first sending, so that it gets the same answer.
    """
    match disposition:
        case Disposition.RECORDED | Disposition.DUPLICATE | Disposition.NO_EFFECT:
            return "AA"
        case Disposition.QUARANTINED:
            return profile.quarantine_answer if profile else "AE"
        case Disposition.UNREADABLE:
            return "AR"
        case _:
            assert_never(disposition)


def acknowledge(
    raw: bytes,
    outcome: MessageOutcome,
    *,
    control_id: str,
    now: datetime,
    profile: Profile | None = None,
) -> Acknowledgement:
    """Return the acknowledgement of a message whose outcome is durable.

    Args:
        raw: The bytes of the message.
        outcome: What became of the message.
        control_id: MSH-10 of the answer; each answer needs a new one.
        now: MSH-7 of the answer; an aware time.
        profile: The sender's profile; it may ask for AA if a message is quarantined.
    """
    code = code_of(outcome.first, profile)
    return _answer(
        raw, code, reason=outcome.reason, place=outcome.place, control_id=control_id, now=now
    )


def bare(code: Code, *, echo: str, control_id: str, now: datetime) -> Acknowledgement:
    """Return an answer that repeats nothing of the message but its control id.

    It is sent if the complete answer cannot be made. No message makes this function fail.

    Args:
        code: The code of the answer.
        echo: MSH-10 of the message, if it could be read.
        control_id: MSH-10 of the answer.
        now: MSH-7 of the answer; an aware time.
    """
    usual = Delimiters()
    text = (
        f"MSH|^~\\&|||||{now:%Y%m%d%H%M%S%z}||ACK|{control_id}|P|2.5.1\r"
        f"MSA|{code}|{_escaped(echo[:_LONGEST_CONTROL_ID], usual)}\r"
    )
    return Acknowledgement(code, text.encode("ascii", "replace"))


def refuse(
    raw: bytes | None, *, reason: str, place: str = "MSH", control_id: str, now: datetime
) -> Acknowledgement:
    """Return ``AR``: the message was not taken, and sending it again may succeed.

    Args:
        raw: The bytes of the message, or their beginning. If None or unreadable, the answer names
            no message.
        reason: A stable code such as ``oversize``, ``client_not_allowed``, ``store_unavailable``.
        place: The field or segment that is the reason.
        control_id: MSH-10 of the answer.
        now: MSH-7 of the answer; an aware time.
    """
    return _answer(raw or b"", "AR", reason=reason, place=place, control_id=control_id, now=now)


def enhanced(
    raw: bytes,
    outcome: MessageOutcome,
    *,
    new_control_id: Callable[[], str],
    now: datetime,
    profile: Profile | None = None,
) -> tuple[Acknowledgement, ...]:
    """Return the answers of enhanced mode: the accept acknowledgement, then the application's.

    The first says that we have the message (CA), the second what became of it (AA or AE). MSH-15
    and MSH-16 say which of them the sender wants: AL always, NE never, ER if refused, SU if not
    refused. If empty, they count as AL and NE, as in HL7.
    """
    code = code_of(outcome.first, profile)
    message = _message(raw)
    accept, application = (
        (message.delimiters.code(message.field("MSH", number)).upper() for number in (15, 16))
        if message
        else ("AL", "NE")
    )
    answers: list[Acknowledgement] = []
    if _wanted(accept or "AL", refused=code == "AR"):
        taken: Code = "CR" if code == "AR" else "CA"
        answers.append(
            _answer(
                raw,
                taken,
                reason=outcome.reason,
                place=outcome.place,
                control_id=new_control_id(),
                now=now,
            )
        )
    if code != "AR" and _wanted(application or "NE", refused=code == "AE"):
        answers.append(
            acknowledge(raw, outcome, control_id=new_control_id(), now=now, profile=profile)
        )
    return tuple(answers)


def _wanted(condition: str, *, refused: bool) -> bool:
    """Say whether the sender wants an answer, by its code of HL7 table 0155."""
    return {"NE": False, "ER": refused, "SU": not refused}.get(condition, True)


def _message(raw: bytes) -> Message | None:
    """Return the MSH segment of a message, because an answer repeats nothing else."""
    try:
        return Message(head_of(raw))
    except NotAMessage:
        return None


def _answer(  # the parts of an answer
    raw: bytes, code: Code, *, reason: str, place: str, control_id: str, now: datetime
) -> Acknowledgement:
    message = _message(raw)
    if message:
        theirs = message.delimiters
        repeated = [message.field("MSH", number) for number in _REPEATED]
        head = _head(tuple([each if len(each) <= _LONGEST else "" for each in repeated]), theirs)
        echo = message.field("MSH", 10)[:_LONGEST_CONTROL_ID]
    else:
        theirs, echo = Delimiters(codec="ascii"), ""
        head = _head(("^~\\&", *[""] * (len(_REPEATED) - 1)), theirs)
    when = f"{now:%Y%m%d%H%M%S%z}"
    segments = [
        f"{head.before}{when}{head.between}{_escaped(control_id, theirs)}{head.after}",
        _joined(["MSA", code, echo], theirs),
    ]
    if code not in {"AA", "CA"}:
        segments.append(_joined(_err(reason, place, head.minor, theirs), theirs))
    text = "\r".join(segments)
    return Acknowledgement(code, (text + "\r").encode(theirs.codec, "replace"))


class _Head(NamedTuple):
    """The MSH of an answer, without its time and its control id."""

    before: str  # the text before the time
    between: str  # the text between the time and the control id
    after: str  # the text after the control id
    minor: int  # 5 for version 2.5.1


#: Fields of MSH that an answer repeats, or that decide its form.
_REPEATED: Final = (2, 3, 4, 5, 6, 9, 11, 12, 18)


@cached_by_text(256)
def _head(repeated: tuple[str, ...], theirs: Delimiters) -> _Head:
    """Return the MSH of answers; cached, because these fields are the same in many messages.

    The fields are repeated as sent, so their escapes are valid in the same delimiters.
    """
    encoding, application, facility, to_application, to_facility, kind, mode, sent, charset = (
        repeated
    )
    version = theirs.code(sent) or "2.5.1"
    minor = _minor(version)
    named = ["ACK"]
    trigger = [*theirs.components(kind), ""][1]
    if trigger and minor >= _WITH_TRIGGER:
        named += [trigger] if version in _WITHOUT_STRUCTURE else [trigger, "ACK"]
    separator = theirs.separator
    return _Head(
        separator.join(["MSH", encoding, to_application, to_facility, application, facility, ""]),
        separator.join(["", "", _several(theirs.component, named), ""]),
        _joined(["", mode or "P", version, "", "", "", "", "", charset], theirs),
        minor,
    )


def _joined(fields: Sequence[str], theirs: Delimiters) -> str:
    return theirs.separator.join(fields).rstrip(theirs.separator)


def _several(delimiter: str, parts: Sequence[str]) -> str:
    """Join parts; if the message does not declare the delimiter, return only the first part."""
    return parts[0] if delimiter == ABSENT else delimiter.join(parts)


def _err(reason: str, place: str, minor: int, theirs: Delimiters) -> list[str]:
    """Return the fields of ERR: the place, the code of HL7 table 0357, and our own reason code."""
    code, meaning = _ERRORS.get(reason, _INTERNAL)
    found = _PLACE.fullmatch(place)
    segment, number = (found[1], found[2] or "") if found else ("", "")
    own = _escaped(reason, theirs)
    if minor < _OLD:
        error = _several(theirs.subcomponent, [code, meaning, "HL70357", own])
        return ["ERR", _several(theirs.component, [segment, "1" if segment else "", number, error])]
    where = _several(theirs.component, [segment, "1", number]).rstrip(theirs.component)
    named = _several(theirs.component, [code, meaning, "HL70357", own, "", "caretrail"])
    return ["ERR", "", where if segment else "", named, "E", "", "", "", own]


def _minor(version: str) -> int:
    found = _VERSION.match(version)
    return int(found[1]) if found else _OLD


def _escaped(text: str, theirs: Delimiters) -> str:
    """Return a text in which characters that are delimiters are escaped."""
    meanings = {
        theirs.escape: "E",
        theirs.separator: "F",
        theirs.component: "S",
        theirs.repetition: "R",
        theirs.subcomponent: "T",
    }
    if text.isprintable() and meanings.keys().isdisjoint(text):
        return text
    if theirs.escape == ABSENT:
        return "".join(each for each in text if each.isprintable() and each not in meanings)
    return "".join(
        f"{theirs.escape}{meanings[each]}{theirs.escape}" if each in meanings else each
        for each in text
        if each.isprintable()
    )
