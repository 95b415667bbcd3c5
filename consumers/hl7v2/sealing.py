"""What of a statement is sealed: everything that says who it is about, and what ails them.

Fields stand here as sent, by their number, each segment with its name under ``segment``; where its
delimiters are not the usual ones, they stand beside it. What no list below names is clinical: a
segment nobody thought of says more about the patient than about anything else.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.groups import SegmentGroup
from consumers.hl7v2.numbers import StatedNumber
from consumers.hl7v2.reader import Message, Segment, at
from consumers.hl7v2.text_cache import cached_by_text
from consumers.hl7v2.times import birth_date
from domain.body import Plain, SegmentClass
from domain.ids import RecordId
from domain.segments import Demographics, Identifier, Name, Notes, Part2, Part2Place

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
    group: SegmentGroup,
    *,
    subject: RecordId,
    numbers: Sequence[StatedNumber],
    part2: Sequence[Part2Place],
    findings: Findings,
    hides_units: bool = False,
    retired: Segment | None = None,
) -> list[Plain]:
    """Return the segments about the patient of PID, in clear, for the store to seal.

    ``hides_units``: the profile marks some as part2. ``retired`` is the MRG about a record of
    another subject: ``seal_retired`` has that.
    """
    personal, clinical = _sorted_out(group, message.delimiters, part2=hides_units, retired=retired)
    about, born = _demographics(tuple(personal), message.delimiters)
    if born:
        findings.unreadable("PID-7", born)
    unread = findings.unread
    if message.odd:
        unread = {**unread, "lines": "\n".join(message.odd)}
    texts: list[tuple[SegmentClass, bytes]] = [("demographics", about)]
    if numbers:
        texts.append(("identifiers", _identifiers(numbers)))
    if clinical:
        texts.append(("clinical", b'{"segments":[%b]}' % b",".join(clinical)))
    if part2:
        texts.append(("part2", _encode(Part2(places=tuple(part2)))))
    if unread:
        texts.append(("notes", _encode(Notes(unread=unread))))
    return [Plain(subject=subject, segment=name, text=text) for name, text in texts]


def _sorted_out(
    group: SegmentGroup, delimiters: Delimiters, *, part2: bool, retired: Segment | None
) -> tuple[list[str], list[bytes]]:
    """Return the lines about the person, and what is kept of the clinical ones."""
    personal, clinical = list[str](), list[bytes]()
    for segment, line in zip(group.segments, group.lines, strict=True):
        name = segment[0]
        if name == "PID" or name in _PERSONAL:
            personal.append(line)
        elif name == "MRG":
            if segment is not retired and at(segment, 7):
                personal.append(line)
        elif name not in _FRAME:
            kept = _clinical(segment, line, delimiters, part2=part2)
            if kept:
                clinical.append(kept)
    return personal, clinical


def seal_retired(
    message: Message, mrg: Segment | None, *, subject: RecordId, numbers: Sequence[StatedNumber]
) -> list[Plain]:
    """Return the segments about the record that retires in a merge: its numbers, its name."""
    sealed = [Plain(subject=subject, segment="identifiers", text=_identifiers(numbers))]
    names = _names(message.delimiters, at(mrg, 7))
    if names:
        personal = Demographics(names=names)
        sealed.append(Plain(subject=subject, segment="demographics", text=_encode(personal)))
    return sealed


def _identifiers(numbers: Iterable[StatedNumber]) -> bytes:
    """Return what decodes as ``Identifiers``."""
    texts = [(each.field, each.value, each.authority, each.type, each.ref) for each in numbers]
    return b'{"numbers":[%b]}' % b",".join(map(_identifier, texts))


@cached_by_text(1_024)
def _identifier(texts: tuple[str, ...]) -> bytes:
    field, value, authority, kind, ref = texts
    return _encode(Identifier(field=field, value=value, authority=authority, type=kind, ref=ref))


@cached_by_text(512)
def _demographics(lines: tuple[str, ...], delimiters: Delimiters) -> tuple[bytes, str]:
    """Read who the patient is from PID, and keep PID and the others of its kind as sent.

    Return what decodes as ``Demographics``, and a date of birth that cannot be read. Many messages
    in a row say the same of one patient.
    """
    segments = [tuple(line.split(delimiters.separator)) for line in lines]
    kept: list[dict[str, str]] = []
    pid: Segment | None = None
    for segment in segments:
        if segment[0] == "PID" and pid is None:
            pid = segment
            kept.append(_fields(segment, delimiters, without=_PID_NUMBERS))
        elif segment[0] == "MRG":
            kept.append(_fields(segment, delimiters, only=_MRG_NAME))
        else:
            kept.append(_fields(segment, delimiters))
    born = delimiters.components(at(pid, 7).split(delimiters.repetition, 1)[0])[0].strip()
    date = born if born in {"", NULL} else birth_date(born)
    personal = Demographics(
        names=(*_names(delimiters, at(pid, 5)), *_names(delimiters, at(pid, 9))),
        birth_date=date or "",
        sex=delimiters.code(at(pid, 8)) or (NULL if at(pid, 8) == NULL else ""),
        addresses=_addresses(delimiters, at(pid, 11)),
        phones=(*_phones(delimiters, at(pid, 13)), *_phones(delimiters, at(pid, 14))),
        segments=tuple(kept),
    )
    return _encode(personal), "" if date is not None else born


def _clinical(segment: Segment, line: str, delimiters: Delimiters, *, part2: bool) -> bytes:
    """Return a segment as it is kept; empty where it has no more than is read elsewhere."""
    name = segment[0]
    if name == "EVN":
        fields = _fields(segment, delimiters, only=_EVN_REST)
    elif name == "PV1":
        fields = _fields(segment, delimiters, without=_PV1_ELSEWHERE)
        if part2:
            # A place that nobody reads may be one of the units that the profile hides.
            fields.pop(str(_PRIOR_TEMPORARY_PLACE), None)
    elif name == "ZBE" and part2:
        return b""  # ZBE-7 is a ward
    else:
        return _whole((line,), delimiters)
    return _filled(fields, delimiters)


@cached_by_text(1_024)
def _whole(lines: tuple[str, ...], delimiters: Delimiters) -> bytes:
    (line,) = lines
    return _filled(_fields(tuple(line.split(delimiters.separator)), delimiters), delimiters)


def _filled(fields: dict[str, str], delimiters: Delimiters) -> bytes:
    bare = 2 if delimiters.unusual else 1  # the name, and the delimiters
    return _encode(fields) if len(fields) > bare else b""


def _fields(
    segment: Segment,
    delimiters: Delimiters,
    *,
    only: Sequence[int] = (),
    without: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Return the filled fields of a segment as sent, by number."""
    kept = {"segment": segment[0]}
    if delimiters.unusual:
        kept["delimiters"] = delimiters.written
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


def _names(delimiters: Delimiters, text: str) -> tuple[Name, ...]:
    """Read an XPN field, every repetition."""
    found: list[Name] = []
    for repetition in delimiters.repetitions(text):
        family, given, middle, suffix, prefix, _, kind, *_ = (
            *delimiters.parts(repetition), "", "", "", "", "", "", "",
        )  # fmt: skip
        if family or given or middle or prefix:
            if delimiters.subcomponent in family:
                # What stands behind it (own, of the partner) repeats the surname in parts.
                sent = delimiters.components(repetition)[0]
                family = delimiters.subcomponents(sent)[0]
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


def _addresses(delimiters: Delimiters, text: str) -> tuple[str, ...]:
    """Read an XAD field as lines of text: street, other, city, state, code, country."""
    found: list[str] = []
    for repetition in delimiters.repetitions(text):
        parts = [
            each.replace(delimiters.subcomponent, " ").strip()
            for each in delimiters.parts(repetition)[:6]
            if each
        ]
        line = ", ".join(parts)
        if line:
            found.append(line)
    return tuple(found)


def _phones(delimiters: Delimiters, text: str) -> tuple[str, ...]:
    """Read an XTN field: the number as text, else its parts, else the address of mail."""
    found: list[str] = []
    for repetition in delimiters.repetitions(text):
        first, *rest = delimiters.parts(repetition)
        if not first.strip() and any(rest):
            padded = (first, *rest, *("",) * 12)
            number = " ".join(each.strip() for each in padded[4:8] if each.strip())
            first = padded[11] or number or padded[3]
        if first.strip():
            found.append(first.strip())
    return tuple(found)
