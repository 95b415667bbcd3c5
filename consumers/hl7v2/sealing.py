"""What of a statement is sealed: everything that says who it is about, and what ails them.

Fields stand here as sent, by their number, each segment with its name under ``segment``; where its
delimiters are not the usual ones, they stand beside it. What no list below names is clinical: a
segment nobody thought of says more about the patient than about anything else.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from consumers.hl7v2.findings import Findings
from consumers.hl7v2.numbers import Number
from consumers.hl7v2.reader import NULL, Message, Segment, at
from consumers.hl7v2.times import birth_date
from domain.body import Plain, SegmentClass
from domain.ids import RecordId
from domain.segments import Clinical, Demographics, Name, Notes, Part2, Part2Place

#: Read by others: their numbers, places and times are core, or sealed by themselves.
_FRAME: Final = frozenset({"MSH", "MRG", "SFT", "UAC", "FHS", "BHS", "BTS", "FTS"})
#: Who the patient is, who is near, who pays.
_PERSONAL: Final = frozenset({"PD1", "NK1", "IN1", "IN2", "IN3", "GT1"})
#: Fields of PID that hold numbers.
_PID_NUMBERS: Final = frozenset({"2", "3", "4", "18", "19", "20", "21"})
#: Fields of PV1 that stand in the core, or are numbers. The rest names practitioners (attending,
#: referring, consulting, admitting, other) and says what nobody asks for yet.
_PV1_ELSEWHERE: Final = frozenset(
    {"1", "2", "3", "4", "5", "6", "10", "11", "14", "19", "36", "42", "44", "45", "50"}
)
_PRIOR_TEMPORARY_PLACE: Final = 43
#: The field of MRG that is no number. Where the record retires, it is sealed as that one's.
_MRG_NAME: Final = (7,)
#: Fields of EVN beside its type and times: reason, operator, facility.
_EVN_REST: Final = (4, 5, 7)

_encode: Final = msgspec.json.Encoder().encode


def seal(  # the parts of a statement
    message: Message,
    segments: Sequence[Segment],
    *,
    subject: RecordId,
    numbers: Sequence[Number],
    part2: Sequence[Part2Place],
    findings: Findings,
    hides_units: bool = False,
    retired: Segment | None = None,
) -> list[Plain]:
    """Return the segments about the patient of PID, in clear, for the store to seal.

    ``hides_units``: the profile marks some as part2. ``retired`` is the MRG about a record of
    another subject: ``seal_retired`` has that.
    """
    personal = _demographics(message, segments, findings, retired)
    clinical = _clinical(message, segments, part2=hides_units)
    unread = findings.unread
    if message.odd:
        unread = {**unread, "lines": "\n".join(message.odd)}
    contents: list[tuple[SegmentClass, object]] = [("demographics", personal)]
    if numbers:
        contents.append(("identifiers", _identifiers(numbers)))
    if clinical:
        contents.append(("clinical", Clinical(segments=tuple(clinical))))
    if part2:
        contents.append(("part2", Part2(places=tuple(part2))))
    if unread:
        contents.append(("notes", Notes(unread=unread)))
    return [
        Plain(subject=subject, segment=name, text=_encode(content)) for name, content in contents
    ]


def seal_retired(
    message: Message, mrg: Segment | None, *, subject: RecordId, numbers: Sequence[Number]
) -> list[Plain]:
    """Return the segments about the record that retires in a merge: its numbers, its name."""
    found = _encode(_identifiers(numbers))
    sealed = [Plain(subject=subject, segment="identifiers", text=found)]
    names = _names(message, at(mrg, 7))
    if names:
        personal = Demographics(names=names)
        sealed.append(Plain(subject=subject, segment="demographics", text=_encode(personal)))
    return sealed


def _identifiers(numbers: Iterable[Number]) -> dict[str, list[dict[str, str]]]:
    """Return what decodes as ``Identifiers``: made for every message, so without the class."""
    return {
        "numbers": [
            {
                "field": each.field,
                "value": each.value,
                "authority": each.authority,
                "type": each.type,
                "ref": each.ref,
            }
            for each in numbers
        ]
    }


def _demographics(
    message: Message, segments: Iterable[Segment], findings: Findings, retired: Segment | None
) -> Demographics:
    """Read who the patient is from PID, and keep PID and the others of its kind as sent."""
    kept: list[dict[str, str]] = []
    pid: Segment | None = None
    for segment in segments:
        if segment[0] == "PID" and pid is None:
            pid = segment
            kept.append(_fields(segment, message, without=_PID_NUMBERS))
        elif segment[0] in _PERSONAL or segment[0] == "PID":
            kept.append(_fields(segment, message))
        elif segment[0] == "MRG" and segment is not retired and at(segment, 7):
            kept.append(_fields(segment, message, only=_MRG_NAME))
    born = message.components(at(pid, 7).split(message.repetition, 1)[0])[0].strip()
    date = born if born in {"", NULL} else birth_date(born)
    if date is None:
        findings.unreadable("PID-7", born)
    return Demographics(
        names=(*_names(message, at(pid, 5)), *_names(message, at(pid, 9))),
        birth_date=date or "",
        sex=message.code(at(pid, 8)) or (NULL if at(pid, 8) == NULL else ""),
        addresses=_addresses(message, at(pid, 11)),
        phones=(*_phones(message, at(pid, 13)), *_phones(message, at(pid, 14))),
        segments=tuple(kept),
    )


def _clinical(
    message: Message, segments: Iterable[Segment], *, part2: bool
) -> list[dict[str, str]]:
    kept: list[dict[str, str]] = []
    bare = 2 if message.unusual else 1  # the name, and the delimiters
    for segment in segments:
        name = segment[0]
        if name in _FRAME or name in _PERSONAL or name == "PID":
            continue
        if name == "EVN":
            fields = _fields(segment, message, only=_EVN_REST)
        elif name == "PV1":
            fields = _fields(segment, message, without=_PV1_ELSEWHERE)
            if part2:
                # A place that nobody reads may be one of the units that the profile hides.
                fields.pop(str(_PRIOR_TEMPORARY_PLACE), None)
        elif name == "ZBE" and part2:
            continue  # ZBE-7 is a ward
        else:
            fields = _fields(segment, message)
        if len(fields) > bare:
            kept.append(fields)
    return kept


def _fields(
    segment: Segment,
    message: Message,
    *,
    only: Sequence[int] = (),
    without: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Return the filled fields of a segment as sent, by number."""
    kept = {"segment": segment[0]}
    if message.unusual:
        kept["delimiters"] = message.delimiters
    if only:
        for number in only:
            text = at(segment, number)
            if text:
                kept[str(number)] = text
        return kept
    numbered = zip(_numbers(len(segment)), segment, strict=True)
    next(numbered)  # the name
    kept.update([each for each in numbered if each[1] and each[0] not in without])
    return kept


@lru_cache(maxsize=256)
def _numbers(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _names(message: Message, text: str) -> tuple[Name, ...]:
    """Read an XPN field, every repetition."""
    found: list[Name] = []
    for repetition in message.repetitions(text):
        family, given, middle, suffix, prefix, _, kind, *_ = (
            *message.parts(repetition), "", "", "", "", "", "", "",
        )  # fmt: skip
        if family or given or middle or prefix:
            if message.subcomponent in family:
                # What stands behind it (own, of the partner) repeats the surname in parts.
                sent = message.components(repetition)[0]
                family = message.subcomponents(sent)[0]
            found.append(
                Name(
                    family=family,
                    given=given,
                    middle=middle,
                    suffix=suffix,
                    prefix=prefix,
                    type=kind,
                )
            )
    return tuple(found)


def _addresses(message: Message, text: str) -> tuple[str, ...]:
    """Read an XAD field as lines of text: street, other, city, state, code, country."""
    found: list[str] = []
    for repetition in message.repetitions(text):
        parts = [
            each.replace(message.subcomponent, " ").strip()
            for each in message.parts(repetition)[:6]
            if each
        ]
        line = ", ".join(parts)
        if line:
            found.append(line)
    return tuple(found)


def _phones(message: Message, text: str) -> tuple[str, ...]:
    """Read an XTN field: the number as text, else its parts, else the address of mail."""
    found: list[str] = []
    for repetition in message.repetitions(text):
        first, *rest = message.parts(repetition)
        if not first.strip() and any(rest):
            padded = (first, *rest, *("",) * 12)
            number = " ".join(each.strip() for each in padded[4:8] if each.strip())
            first = padded[11] or number or padded[3]
        if first.strip():
            found.append(first.strip())
    return tuple(found)
