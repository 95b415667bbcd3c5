"""Read the bytes of a message into what is recorded of it; ``read`` does the whole of it.

Every input ends as recorded, no effect, quarantined or unreadable, never as an exception. Only the
store can find out that a message is a duplicate.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple

import structlog

from commands.ports.intake import Disposition, Draft, IncomingMessage
from consumers.hl7v2.findings import UnusableMessage
from consumers.hl7v2.groups import SegmentGroup, groups
from consumers.hl7v2.limits import MessageLimits
from consumers.hl7v2.profiles import ChosenProfile, Profiles
from consumers.hl7v2.reader import Message, NotAMessage, one_line_end
from consumers.hl7v2.statement import kept_control_id, statement
from domain.body import Actor
from domain.flags import MessageFlag
from domain.ids import EventId, IdKey, MessageId
from domain.interpretation import happened
from domain.triggers import STRUCTURES, TRIGGERS, Reads, Trigger

log = structlog.get_logger()

#: The reason of a message that is an acknowledgement. It is never answered: else two listeners
#: would answer each other without end.
_ACKNOWLEDGEMENT: Final = "acknowledgement"

#: On every event. Raise it whenever the same bytes would be read differently.
MAPPING_VERSION: Final = "hl7v2-adt-4"

_ZONE_ASSUMED: Final = MessageFlag.ZONE_ASSUMED.value
_PROFILE_NONE: Final = MessageFlag.PROFILE_NONE.value
_BACKFILL: Final = MessageFlag.BACKFILL.value
#: Characters kept of MSH-3 and MSH-4 for lists of messages; HL7 allows fewer. The bytes of
#: the message are kept whole.
_SHOWN: Final = 256
_LENGTH: Final = 8  # bytes of the length before each part of a digest
_BATCH_HEADERS: Final = frozenset({b"FHS", b"BHS"})
_LONGEST_TYPE: Final = 16
_ESCAPE: Final = b"\x1b"  # a text may switch to another charset by it, with bytes below 0x80
#: A trigger of ADT alone, or with the message type before it, without the characters between them.
_ADT: Final = re.compile(r"(ADT)?(A\d\d)")
_TRIGGER: Final = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingContext:
    """What messages are read with."""

    id_key: IdKey
    profiles: Profiles
    new_id: Callable[[], str]  # draws a UUIDv7, for messages and events
    arrived_by: str = "file"
    sender: str = ""  # the name of a profile, if the caller names one
    client: str = ""  # the common name in the client's certificate
    actor: Actor = field(default_factory=Actor)
    limits: MessageLimits = field(default_factory=MessageLimits)
    backfill: bool = False  # the messages are of a backlog: no work is owed because of them


def read(raw: bytes, *, context: ReadingContext) -> IncomingMessage:
    """Read one message. No input raises an error: ``disposition`` says what became of it.

    If reading fails by a mistake of ours, the message is unreadable, and its bytes are kept. Its
    idempotency key then differs from that of a message that was read, so a later release reads a
    resend of it.
    """
    message_id = MessageId(context.new_id())
    try:
        return _read(raw, message_id, context)
    except NotAMessage:
        # A frame gets one answer, but a batch would need one for each of its messages.
        batch = raw.lstrip()[:3] in _BATCH_HEADERS
        reason = "batch_in_frame" if batch else "no_msh"
        return _unreadable(raw, message_id, reason, context, key=_digest(b"unreadable", raw))
    except Exception:  # a boundary: a mistake of ours concerns this message alone
        log.exception("message.reading_failed", message_id=message_id, bytes=len(raw))
        key = _digest(b"reading_failed", raw)
        return _unreadable(raw, message_id, "reading_failed", context, key=key)


def _unreadable(
    raw: bytes, message_id: MessageId, reason: str, context: ReadingContext, *, key: bytes
) -> IncomingMessage:
    return IncomingMessage(
        message_id=message_id,
        key=key,
        pair_key=None,
        raw=raw,
        arrived_by=context.arrived_by,
        sender=context.sender or "default",
        profile_version="",
        mapping_version=MAPPING_VERSION,
        actor=context.actor,
        disposition=Disposition.UNREADABLE,
        reason=reason,
        place="MSH",
        warnings=(_BACKFILL,) if context.backfill else (),
    )


def _read(raw: bytes, message_id: MessageId, context: ReadingContext) -> IncomingMessage:
    """Read one message.

    Raises:
        NotAMessage: The bytes do not begin with an MSH segment.
    """
    message = Message(raw)
    chosen = choose(message, context)
    if not message.declared and chosen.profile.codec != "utf-8":
        if raw.isascii() and _ESCAPE not in raw:  # only escaped bytes are in this charset
            message.delimiters = message.delimiters._replace(codec=chosen.profile.codec)
        else:
            message = Message(raw, charset=chosen.profile.codec)
    if context.backfill:
        message.flags = (*message.flags, _BACKFILL)
    kind, trigger = message_type(message)
    decided = _decide(message, kind, trigger, chosen, context)
    names = [message.field("MSH", number).encode() for number in (3, 4, 10)]
    return IncomingMessage(
        message_id=message_id,
        key=_digest(*names, one_line_end(raw)),
        pair_key=_digest(*names) if names[2] else None,
        raw=raw,
        arrived_by=context.arrived_by,
        sender=chosen.name,
        profile_version=chosen.profile.version,
        mapping_version=MAPPING_VERSION,
        actor=context.actor,
        application=message.delimiters.code(message.field("MSH", 3))[:_SHOWN],
        facility=message.delimiters.code(message.field("MSH", 4))[:_SHOWN],
        control_id=kept_control_id(
            message.delimiters.plain(message.field("MSH", 10)), chosen.profile, context.id_key
        ),
        trigger=trigger if kind == "ADT" else f"{kind}^{trigger}".strip("^"),
        disposition=decided.disposition,
        reason=decided.reason,
        place=decided.place,
        warnings=_warnings(message, chosen, decided.drafts),
        drafts=decided.drafts,
    )


def _warnings(
    message: Message, chosen: ChosenProfile, drafts: tuple[Draft, ...]
) -> tuple[str, ...]:
    """Return the flags of the message as a whole."""
    found = message.flags
    if drafts and _ZONE_ASSUMED in drafts[0].core.flags:
        found = (*found, _ZONE_ASSUMED)
    return found if chosen.configured else (*found, _PROFILE_NONE)


def choose(message: Message, context: ReadingContext) -> ChosenProfile:
    """Choose the profile for a message."""
    return context.profiles.choose(
        application=message.delimiters.code(message.field("MSH", 3)),
        facility=message.delimiters.code(message.field("MSH", 4)),
        requested=context.sender,
        client=context.client,
    )


def message_type(message: Message) -> tuple[str, str]:
    """Return the message type and the trigger; an empty trigger if it cannot be told.

    They are MSH-9.1 and MSH-9.2. If MSH-9 is incomplete, it is read where only one trigger can be
    meant: ``ADT`` with EVN-1, ``ADT_A01`` or ``A01`` alone, or a structure (MSH-9.3) that only one
    trigger has. Only letters and digits count, because copied text may contain soft hyphens and
    other marks. A message with MSA answers another one, whatever its type is. Some senders repeat
    the type of the message that they answer.
    """
    delimiters = message.delimiters
    first, *_ = (*filter(None, delimiters.repetitions(message.field("MSH", 9))), "")
    sent = (*delimiters.components(first), "", "", "")
    kind, trigger = _letters(sent[0]), _letters(sent[1])
    if "MSA" in message.first and (kind != "ADT" or "PID" not in message.first):
        return "ACK", trigger
    if kind == "ADT" and trigger in TRIGGERS:
        return kind, trigger
    if kind not in {"", "ADT"} and not _ADT.fullmatch(kind):
        return kind, trigger
    return "ADT", _trigger(kind, trigger, _letters(sent[2]), message)


def _trigger(kind: str, trigger: str, structure: str, message: Message) -> str:
    """Return the only trigger that an incomplete MSH-9 of an ADT message can mean, or none."""
    event = _letters(message.delimiters.code(message.field("EVN", 1)))
    for named in (trigger, kind):
        found = _ADT.fullmatch(named)
        if found and found[1] is None:
            # A trigger alone: EVN-1 must not name another one.
            return found[2] if named == trigger or event in {"", found[2]} else ""
        if found:
            # ADT_A01 may be meant as the trigger A01, or as the structure, which A04 has too.
            others = STRUCTURES.get(found[2], frozenset({found[2]}))
            return event if event in others else found[2] if not event else ""
    if _TRIGGER.fullmatch(trigger):
        return trigger
    if _ADT.fullmatch(event):
        return event[-3:]
    of_structure = _ADT.fullmatch(structure)
    only = STRUCTURES.get(of_structure[2], frozenset()) if of_structure else frozenset()
    return next(iter(only)) if len(only) == 1 else ""


def _letters(text: str) -> str:
    if not (text.isascii() and text.isalnum()):
        text = "".join(filter(str.isalnum, text.encode("ascii", "ignore").decode()))
    return text.upper()[:_LONGEST_TYPE]


class _Decision(NamedTuple):
    disposition: Disposition
    reason: str = ""
    place: str = ""
    drafts: tuple[Draft, ...] = ()


def _decide(
    message: Message, kind: str, trigger: str, chosen: ChosenProfile, context: ReadingContext
) -> _Decision:
    if len(message.all("MSH")) > 1:
        return _Decision(Disposition.QUARANTINED, "several_messages", "MSH")
    if kind == "ACK":
        return _Decision(Disposition.NO_EFFECT, _ACKNOWLEDGEMENT)
    if kind == "ADT" and not trigger:
        return _Decision(Disposition.QUARANTINED, "no_trigger", "MSH-9")
    row = TRIGGERS.get(trigger) if kind == "ADT" else None
    if row is None:
        reason = "trigger_without_row" if kind == "ADT" else "no_adt"
        return _Decision(Disposition.NO_EFFECT, reason)
    try:
        drafts = _drafts(message, row, chosen, context)
    except UnusableMessage as problem:
        return _Decision(Disposition.QUARANTINED, problem.reason, problem.place)
    return _Decision(Disposition.RECORDED, drafts=drafts)


def _drafts(
    message: Message, row: Trigger, chosen: ChosenProfile, context: ReadingContext
) -> tuple[Draft, ...]:
    """Read the statements of a message.

    Raises:
        UnusableMessage: A statement lacks a field, or the message makes more than the limits allow.
    """
    found: list[Draft] = []
    left = context.limits.sealed
    for group in groups(message, pairs=row.reads is Reads.MERGE, limits=context.limits):
        draft = _draft(message, group, row, chosen, context)
        found.append(draft)
        left -= sum([len(each.text) for each in draft.segments])
        if left < 0:
            raise UnusableMessage("too_large", "MSH")
    return tuple(found)


def _draft(
    message: Message,
    group: SegmentGroup,
    row: Trigger,
    chosen: ChosenProfile,
    context: ReadingContext,
) -> Draft:
    stated = statement(message, group, row, profile=chosen.profile, id_key=context.id_key)
    core = stated.core
    return Draft(
        event_id=EventId(context.new_id()),
        topic=row.topic,
        subjects=stated.subjects,
        core=core,
        segments=stated.segments,
        happened_at=happened(core)[0],
        facility=stated.facility,
    )


def _digest(*parts: bytes) -> bytes:
    """Return the SHA-256 of the parts, each with its length in front."""
    running = sha256()
    for part in parts:
        running.update(len(part).to_bytes(_LENGTH, "big"))
        running.update(part)
    return running.digest()
