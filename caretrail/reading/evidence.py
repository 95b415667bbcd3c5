"""The evidence for an event: the received message that caused it, and the fields that were used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from consumers.hl7v2.delimiters import Delimiters
from consumers.hl7v2.reader import Message, NotAMessage
from domain.interpretation import happened
from domain.statement import Statement
from infra.messages import ListedMessage
from projections.audit_trail import EventRow


class Archive(Protocol):
    """The received messages."""

    def message(self, message_id: str) -> ListedMessage:
        """Return the row of a message.

        Raises:
            NoSuchMessage: No message has this id.
        """
        ...

    def raw(self, message_id: str) -> bytes:
        """Return the bytes of a message as they were received.

        Raises:
            SegmentDoesNotOpen: The key of the bytes is gone.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePart:
    """A piece of a line of a message; ``name`` is its field, if that field was used."""

    text: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUsed:
    """A field that was used: its value as sent, and its meaning."""

    name: str
    value: str
    used_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A received message, its events, and the fields that were used."""

    message: ListedMessage | None
    events: tuple[EventRow, ...]
    lines: tuple[tuple[MessagePart, ...], ...]  # empty: the bytes were not opened
    used: tuple[FieldUsed, ...]
    readable: bool = True  # False: the key of the bytes is gone


_SENT: Final = "time sent; orders the messages"
_HAPPENED: Final = "used as the time of the event"


def fields_used(statement: Statement) -> dict[str, str]:
    """Return the fields that ``statement`` was read from, each with the meaning it was given."""
    used: dict[str, str] = {
        "MSH-4": "sender; visit numbers are unique within it"
        if statement.namespace == statement.sender
        else "sender",
        "MSH-7": _SENT,
        "MSH-9": f"trigger {statement.trigger}",
        "MSH-10": "control id; with sender and bytes it tells duplicates",
        "MSH-11": _mode(statement),
    }
    _, source = happened(statement)
    times = {
        "EVN-2": (statement.entered, "time of entry"),
        "EVN-6": (statement.occurred, "time of occurrence"),
        "PV1-44": (statement.admitted, "time of admission"),
        "PV1-45": (statement.discharged, "time of discharge"),
    }
    for name, (moment, meaning) in times.items():
        if moment is not None:
            use = _HAPPENED if name == source else ""
            used[name] = "; ".join(filter(None, (meaning, use, _zone(moment.zone))))
    if source == "MSH-7":
        used["MSH-7"] = f"{_SENT}; {_HAPPENED}, because no better time was stated"
    used |= _who(statement) | _where(statement)
    return used


def _who(statement: Statement) -> dict[str, str]:
    used = {"PID-3": "patient number; the profile chooses the one to file under"}
    trusted = [each for each in statement.identifiers if each.trusted]
    for each in trusted:
        used[each.field] = "patient number; the profile trusts it to join records of senders" + (
            "; filed under the sender's own number" if each.field == "PID-3" else ""
        )
    used |= {"PID-5": "name", "PID-7": "birth date", "PID-8": "sex"}
    if statement.merged:
        used["MRG-1"] = "number of the record that is merged into the record of PID-3"
    if statement.deceased is not None:
        used["PID-30"] = "deceased"
    if statement.died is not None:
        used["PID-29"] = "time of death"
    if statement.visit:
        used["PV1-19"] = "visit number"
    if statement.prior_visit:
        used["MRG-5"] = "earlier number of the same visit"
    return used


def _where(statement: Statement) -> dict[str, str]:
    used: dict[str, str] = {}
    if statement.class_as_sent:
        used["PV1-2"] = f"class {statement.class_code}"
    if statement.place:
        used["PV1-3"] = "place"
    if statement.prior_place:
        used["PV1-6"] = "prior place"
    if statement.disposition:
        code = statement.disposition_code or "unknown code"
        used["PV1-36"] = f"discharge disposition: {code}"
    return used


def _mode(statement: Statement) -> str:
    modes = {"P": "production", "T": "training (test record)", "D": "debugging (test record)"}
    return f"processing mode: {modes[statement.mode]}"


def _zone(zone: str) -> str:
    return {
        "offset": "",
        "profile": "zone from the sender's profile",
        "message": "no zone in the text or in a profile; the offset of MSH-7",
        "assumed": "no zone in the text, in a profile or in MSH-7, read as UTC",
        "ambiguous": "this local time occurred twice, the first is used",
        "skipped": "this local time does not exist in the zone",
    }[zone]


def decode(
    raw: bytes, statement: Statement | None
) -> tuple[tuple[tuple[MessagePart, ...], ...], tuple[FieldUsed, ...]]:
    """Return the lines of a message, divided at the fields that were used, and those fields.

    Raises:
        NotAMessage: The bytes are not an HL7 message.
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
    """Return bytes that are not an HL7 message as lines of text."""
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
    """Return a field as text: repetitions divided by commas, without empty components."""
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
