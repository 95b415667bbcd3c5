"""Choose the parts of a statement that are sealed: who the patient is, and clinical facts.

A sealed segment holds the fields as sent, by their number, and the name of the HL7 segment under
``segment``. If the delimiters of the message are not the usual ones, they are added. An HL7 segment
that no list below names is sealed as clinical, because it is most likely about the patient.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.findings import Findings
from consumers.hl7v2.groups import SegmentGroup
from consumers.hl7v2.limits import LONGEST_NUMBER, MOST_REPETITIONS
from consumers.hl7v2.places import Places
from consumers.hl7v2.reader import Message, Segment, at
from consumers.hl7v2.stated_number import StatedNumber
from consumers.hl7v2.text_cache import cached_by_text
from consumers.hl7v2.times import birth_date
from domain.body import PlainSegment, SegmentClass
from domain.ids import RecordId
from domain.segments import Demographics, Identifier, Name, Notes, Part2, Practitioner

#: Not sealed here: other modules read what they need from these segments.
_FRAME: Final = frozenset({"MSH", "MRG", "SFT", "UAC", "FHS", "BHS", "BTS", "FTS"})
#: Segments about the person: additional demographics, next of kin, insurance, guarantor.
_PERSONAL: Final = frozenset({"PD1", "NK1", "IN1", "IN2", "IN3", "GT1"})
#: Fields of PID that hold numbers.
_PID_NUMBERS: Final = frozenset({"2", "3", "4", "18", "19", "20", "21"})
#: Fields of PV1 that are in the core, or are numbers. The other fields are kept as sent. Some of
#: them name practitioners: see ``practitioners``.
_PV1_ELSEWHERE: Final = frozenset(
    {"1", "2", "3", "4", "5", "6", "10", "11", "14", "19", "36", "42", "44", "45", "50"}
)
_PRIOR_TEMPORARY_PLACE: Final = 43
#: The name in MRG. If the statement retires a record, the name is sealed under that record's key.
_MRG_NAME: Final = (7,)
#: Fields of EVN other than its type and times: reason, operator, facility.
_EVN_REST: Final = (4, 5, 7)

_encode: Final = msgspec.json.Encoder().encode


def seal(  # noqa: PLR0913  # the parts of a statement
    message: Message,
    group: SegmentGroup,
    *,
    subject: RecordId,
    numbers: Sequence[StatedNumber],
    places: Places,
    findings: Findings,
    hides_units: bool = False,
    retired: Segment | None = None,
    named: Sequence[Practitioner] = (),
) -> list[PlainSegment]:
    """Return the segments about the patient of PID; the store seals them.

    Args:
        message: The message.
        group: The segments of the statement.
        subject: The source record under whose key the segments are sealed.
        numbers: The numbers of the patient and the visit.
        places: The places of the visit. Places of part 2 units and texts of places are sealed.
        findings: Gets an unreadable date of birth; its unread texts are sealed too.
        hides_units: Whether the profile names units under 42 CFR Part 2.
        retired: The MRG, if it is about another record: ``seal_retired`` seals it.
        named: The practitioners that the statement names.
    """
    personal, clinical = _sorted_out(group, message.delimiters, part2=hides_units, retired=retired)
    about, born = _demographics(tuple(personal), message.delimiters)
    if born:
        findings.unreadable("PID-7", born)
    if named:
        # Most statements of a patient have equal demographics, which are cached without these.
        about = b'%b,"practitioners":%b}' % (about[:-1], _encode(named))
    unread = findings.unread
    if message.odd:
        unread = {**unread, "lines": "\n".join(message.odd)}
    texts: list[tuple[SegmentClass, bytes]] = [("demographics", about)]
    if numbers:
        texts.append(("identifiers", _identifiers(numbers)))
    if clinical:
        texts.append(("clinical", b'{"segments":[%b]}' % b",".join(clinical)))
    if places.part2:
        texts.append(("part2", _encode(Part2(places=tuple(places.part2)))))
    if unread or places.texts:
        texts.append(("notes", _encode(Notes(unread=unread, places=tuple(places.texts)))))
    return [PlainSegment(subject=subject, segment=name, text=text) for name, text in texts]


def _sorted_out(
    group: SegmentGroup, delimiters: Delimiters, *, part2: bool, retired: Segment | None
) -> tuple[list[str], list[bytes]]:
    """Return the lines about the person, and the clinical segments as they are kept."""
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
) -> list[PlainSegment]:
    """Return the segments about the record that a merge retires: its numbers and its name."""
    sealed = [PlainSegment(subject=subject, segment="identifiers", text=_identifiers(numbers))]
    names = _names(message.delimiters, at(mrg, 7))
    if names:
        personal = Demographics(names=names)
        sealed.append(PlainSegment(subject=subject, segment="demographics", text=_encode(personal)))
    return sealed


def _identifiers(numbers: Iterable[StatedNumber]) -> bytes:
    """Return the JSON of ``Identifiers``."""
    texts = [(each.field, each.value, each.authority, each.type, each.ref) for each in numbers]
    return b'{"numbers":[%b]}' % b",".join(map(_identifier, texts))


@cached_by_text(1_024)
def _identifier(texts: tuple[str, ...]) -> bytes:
    field, value, authority, kind, ref = texts
    return _encode(Identifier(field=field, value=value, authority=authority, type=kind, ref=ref))


@cached_by_text(512)
def _demographics(lines: tuple[str, ...], delimiters: Delimiters) -> tuple[bytes, str]:
    """Read the demographics from PID, and keep PID and the other lines about the person as sent.

    Cached, because many messages in a row repeat them.

    Returns:
        The JSON of ``Demographics``; and the date of birth as sent if it cannot be read, else an
        empty text.
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
    """Return the JSON of a clinical segment; empty if other modules read all of its fields."""
    name = segment[0]
    if name == "EVN":
        fields = _fields(segment, delimiters, only=_EVN_REST)
    elif name == "PV1":
        fields = _fields(segment, delimiters, without=_PV1_ELSEWHERE)
        if part2:
            # This place is not read, but it may be one of the units that the profile hides.
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
    """Return the fields of a segment that are not empty, as sent, by number."""
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
    """Read the repetitions of a name (data type XPN), within the limits."""
    found: list[Name] = []
    for repetition in delimiters.repetitions(text)[:MOST_REPETITIONS]:
        if len(repetition) > LONGEST_NUMBER and not _is_readable_name(delimiters, repetition):
            continue
        family, given, middle, suffix, prefix, _, kind, *_ = (
            *delimiters.parts(repetition), "", "", "", "", "", "", "",
        )  # fmt: skip
        if family or given or middle or prefix:
            if delimiters.subcomponent in family:
                # The further subcomponents (own surname, partner's surname) repeat its parts.
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


def _is_readable_name(delimiters: Delimiters, repetition: str) -> bool:
    """Say whether no part of a name is too long to be found by."""
    return max(map(len, delimiters.components(repetition)[:6])) <= LONGEST_NUMBER


def leaves_out_names(delimiters: Delimiters, text: str) -> bool:
    """Say whether a field of names has names that are only kept as sent."""
    if len(text) <= LONGEST_NUMBER:
        return False
    repetitions = delimiters.repetitions(text)
    return len(repetitions) > MOST_REPETITIONS or not all(
        _is_readable_name(delimiters, each) for each in repetitions
    )


def _addresses(delimiters: Delimiters, text: str) -> tuple[str, ...]:
    """Read an address (data type XAD) as text: street, other, city, state, zip code, country."""
    found: list[str] = []
    for repetition in delimiters.repetitions(text)[:MOST_REPETITIONS]:
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
    """Read a phone (data type XTN): XTN.1, else XTN.12, else the parts, else the mail address."""
    found: list[str] = []
    for repetition in delimiters.repetitions(text)[:MOST_REPETITIONS]:
        first, *rest = delimiters.parts(repetition)
        if not first.strip() and any(rest):
            padded = (first, *rest, *("",) * 12)
            number = " ".join(each.strip() for each in padded[4:8] if each.strip())
            first = padded[11] or number or padded[3]
        if first.strip():
            found.append(first.strip())
    return tuple(found)
