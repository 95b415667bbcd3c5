"""Proof: an event, the message received that caused it, and the fields that were used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from consumers.hl7v2.delimiters import Delimiters
from consumers.hl7v2.reader import Message, NotAMessage
from domain.interpretation import happened
from domain.statement import Statement
from infra.messages import ListedMessage, ReceivedMessage
from projections.audit_trail import EventRow


class Archive(Protocol):
    """Received messages: their rows and, opened, their bytes."""

    def show(self, message_id: str) -> ReceivedMessage:
        """Return what is kept of a message.

        Raises:
            NoSuchMessage: There is none.
        """
        ...

    def raw(self, message_id: str) -> bytes:
        """Return the bytes as they came.

        Raises:
            SegmentDoesNotOpen: Their key is gone.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePart:
    """A stretch of a line of the message; ``name`` says which field was used, empty: none."""

    text: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUsed:
    """A field that was used: its value as sent, and what for."""

    name: str
    value: str
    used_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A message received, its events, and how it was read."""

    message: ListedMessage | None
    events: tuple[EventRow, ...]
    lines: tuple[tuple[MessagePart, ...], ...]  # empty: not opened
    used: tuple[FieldUsed, ...]
    readable: bool = True  # False: the bytes do not open, or are no message


_ORDER: Final = "sent order"
_HAPPENED: Final = "happened at"


def fields_used(statement: Statement) -> dict[str, str]:
    """Return the fields that ``statement`` was read from, and what each was used for."""
    used: dict[str, str] = {
        "MSH-4": "sender; names the space of the visit number"
        if statement.namespace == statement.sender
        else "sender",
        "MSH-7": _ORDER,
        "MSH-9": f"trigger {statement.trigger}: what it states",
        "MSH-10": "control id: with the sender and the bytes, the key against duplicates",
        "MSH-11": _mode(statement),
    }
    _, source = happened(statement)
    times = {
        "EVN-2": (statement.entered, "entered at"),
        "EVN-6": (statement.occurred, "occurred at"),
        "PV1-44": (statement.admitted, "beginning of the visit"),
        "PV1-45": (statement.discharged, "end of the visit"),
    }
    for name, (moment, said) in times.items():
        if moment is not None:
            zone = _zone(moment.zone)
            said_of = f"{_HAPPENED}; {said}" if name == source else said
            used[name] = f"{said_of}; {zone}" if zone else said_of
    if source == "MSH-7":
        used["MSH-7"] = f"{_ORDER}; {_HAPPENED}, for nothing better was stated"
    used |= _who(statement) | _where(statement)
    return used


def _who(statement: Statement) -> dict[str, str]:
    used = {"PID-3": "filed under the first that the profile prefers"}
    trusted = [each for each in statement.identifiers if each.trusted]
    for each in trusted:
        used[each.field] = "joined across senders by the number that the profile trusts" + (
            "; filed under the sender's own" if each.field == "PID-3" else ""
        )
    used |= {"PID-5": "name", "PID-7": "birth date", "PID-8": "sex"}
    if statement.merged:
        used["MRG-1"] = "the record that retires into PID-3"
    if statement.deceased is not None:
        used["PID-30"] = "deceased"
    if statement.died is not None:
        used["PID-29"] = "time of death"
    if statement.visit:
        used["PV1-19"] = "which visit"
    if statement.prior_visit:
        used["MRG-5"] = "the visit number that this one continues"
    return used


def _where(statement: Statement) -> dict[str, str]:
    used: dict[str, str] = {}
    if statement.class_as_sent:
        used["PV1-2"] = f"class {statement.class_code}"
    if statement.place:
        used["PV1-3"] = "place"
    if statement.prior_place:
        used["PV1-6"] = "place before"
    if statement.disposition:
        code = statement.disposition_code or "no code known"
        used["PV1-36"] = f"discharge disposition: {code}"
    return used


def _mode(statement: Statement) -> str:
    words = {"P": "production", "T": "training: a test record", "D": "debugging: a test record"}
    return words[statement.mode]


def _zone(zone: str) -> str:
    return {
        "offset": "",
        "profile": "no zone in the text, the sender's profile gives it",
        "assumed": "no zone in the text and none in a profile: read as UTC",
        "ambiguous": "this local time happened twice: the first is taken",
        "skipped": "the zone has no such local time",
    }[zone]


def decode(
    raw: bytes, statement: Statement | None
) -> tuple[tuple[tuple[MessagePart, ...], ...], tuple[FieldUsed, ...]]:
    """Return the lines of a message with used fields apart, and the fields used.

    Raises:
        NotAMessage: The bytes are none.
    """
    message = Message(raw)
    used = fields_used(statement) if statement else {}
    seen: dict[str, str] = {}
    lines: list[tuple[MessagePart, ...]] = []
    done: set[str] = set()
    for segment in message.segments:
        name = segment[0]
        first = name not in done
        done.add(name)
        marks = used if first else {}
        lines.append(tuple(_parts(segment, message.delimiters.separator, marks, seen)))
    lines += [(MessagePart(text=line),) for line in message.odd]
    fields = tuple(
        FieldUsed(name=name, value=_shown(value, message.delimiters), used_as=used[name])
        for name, value in seen.items()
    )
    return tuple(lines), fields


def as_text(raw: bytes) -> tuple[tuple[MessagePart, ...], ...]:
    """Return bytes that are no message as lines of text."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return tuple((MessagePart(text=line),) for line in text.split("\n") if line)


def _parts(
    segment: Sequence[str], separator: str, used: Mapping[str, str], seen: dict[str, str]
) -> list[MessagePart]:
    name = segment[0]
    parts: list[MessagePart] = []
    plain = name
    for number, value in enumerate(segment[1:], start=1):
        if name == "MSH" and number == 1:
            continue
        plain += separator
        key = f"{name}-{number}"
        if key in used and value:
            seen[key] = value
            parts += [MessagePart(text=plain), MessagePart(text=value, name=key)]
            plain = ""
        else:
            plain += value
    if plain:
        parts.append(MessagePart(text=plain))
    return parts


def _shown(value: str, delimiters: Delimiters) -> str:
    """Return a field for the table: repetitions apart, components that say something."""
    shown = [
        " ".join(part for part in delimiters.parts(each) if part)
        for each in delimiters.repetitions(value)
    ]
    return ", ".join(shown)


__all__ = [
    "Archive",
    "Evidence",
    "FieldUsed",
    "MessagePart",
    "NotAMessage",
    "as_text",
    "decode",
    "fields_used",
]  # fmt: skip
