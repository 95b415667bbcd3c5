"""Read one statement of a message: the core, which is kept in clear, and the sealed segments."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from consumers.hl7v2 import numbers, sealing
from consumers.hl7v2.chosen_numbers import record_number
from consumers.hl7v2.findings import Findings, UnusableMessage
from consumers.hl7v2.groups import SegmentGroup
from consumers.hl7v2.limits import LONGEST_NAME, LONGEST_NUMBER, shortened
from consumers.hl7v2.number_values import flag_too_long, forms_of, is_too_long
from consumers.hl7v2.places import Places
from consumers.hl7v2.plausible_codes import LONGEST_ID, is_code, ref_of
from consumers.hl7v2.practitioners import practitioners
from consumers.hl7v2.profiles import Profile
from consumers.hl7v2.reader import Message, Segment, at
from consumers.hl7v2.stated_number import FieldContext, StatedNumber, in_core, record_of
from consumers.hl7v2.times import Times
from consumers.hl7v2.visit_facts import visit_facts
from domain.body import PlainSegment
from domain.ids import IdKey, Mode, RecordId
from domain.statement import Statement
from domain.triggers import Reads, Trigger

_MODES: Final[dict[str, Mode]] = {"P": "P", "T": "T", "D": "D"}
#: Fields with numbers.
_PID_NUMBERS: Final = (2, 3, 4, 18, 19, 20, 21)
_PV1_NUMBERS: Final = (5, 19, 50)
_MRG_NUMBERS: Final = (1, 2, 3, 4, 5, 6)
_LONGEST_MODE: Final = 8
_DECEASED: Final = {"Y": True, "N": False}


class StatementParts(NamedTuple):
    """The parts of one statement."""

    core: Statement
    segments: tuple[PlainSegment, ...]
    subjects: tuple[RecordId, ...]  # first the record under which the statement is filed
    facility: str


class _SubjectNumbers(NamedTuple):
    """The numbers of a statement."""

    chosen: StatedNumber  # of the record under which the statement is filed
    merged: StatedNumber | None  # of the record that a merge retires
    own: Sequence[StatedNumber]  # all of the patient and the visit
    prior: Sequence[StatedNumber]  # all of MRG

    def subjects(self) -> tuple[RecordId, ...]:
        record = record_of(self.chosen)
        if self.merged is None or self.merged.ref == self.chosen.ref:
            return (record,)
        return (record, record_of(self.merged))


def statement(
    message: Message, group: SegmentGroup, row: Trigger, *, profile: Profile, id_key: IdKey
) -> StatementParts:
    """Read one statement.

    Args:
        message: The message.
        group: The segments of this statement.
        row: The row of the trigger.
        profile: The sender's profile.
        id_key: The key of refs.

    Raises:
        UnusableMessage: PID-3 has no usable number, or a merge does not name the record that
            retires.
    """
    findings = Findings(message.flags)
    delimiters = message.delimiters
    mode_as_sent = delimiters.code(message.field("MSH", 11)).upper()
    application = delimiters.code(message.field("MSH", 3))
    sender = delimiters.code(message.field("MSH", 4))
    sequence = delimiters.code(message.field("MSH", 13))
    control_id = delimiters.plain(message.field("MSH", 10))
    if max(len(application), len(sender), len(sequence)) > LONGEST_NAME:
        application = _name(application, "MSH-3", id_key, findings)
        sender = _name(sender, "MSH-4", id_key, findings)
        sequence = _name(sequence, "MSH-13", id_key, findings)
    control_id_kept = kept_control_id(control_id, profile, id_key)
    if control_id_kept != control_id:
        findings.unreadable("MSH-10", control_id, "text")
    context = FieldContext(
        delimiters=delimiters,
        profile=profile,
        id_key=id_key,
        mode=_mode(mode_as_sent, profile, findings),
        sender=sender,
        namespace=profile.namespace or sender or application,
    )
    forms = forms_of((at(group.pid, 3), at(group.mrg, 1)), context)
    if forms:
        context = context._replace(forms=forms)
    pv1 = message.first.get("PV1") if row.reads_visit else None
    whose = _subject_numbers(group, pv1, row, context, findings)
    subjects = whose.subjects()
    _flag_what_is_odd(message, group, row, findings)
    _flag_too_long(group, pv1, context, findings)
    for each in (*whose.own, *whose.prior):
        if each.shown != each.authority:
            findings.flag(each.field, "text")  # the number is sealed with its authority

    # All fields are read before the core is made, because reading adds flags.
    times = Times(delimiters, profile.timezone, findings)
    places = Places(pv1, context, findings)
    evn = message.first.get("EVN")
    sent_as = message.field("MSH", 7)
    sent = times.of_msh_7(sent_as)
    entered = times.of_message(at(evn, 2), "EVN-2")
    occurred = times.of_event(at(evn, 6), "EVN-6", sent)
    died = times.of_event(at(group.pid, 29), "PID-29", sent)
    numbered = [*whose.own, *whose.prior]
    facts = visit_facts(
        message,
        row,
        context=context,
        places=places,
        times=times,
        sent=sent,
        numbers=numbered,
        own=whose.chosen.authority,
        findings=findings,
    )
    team = practitioners(message, group, row, context=context, times=times, findings=findings)
    content, content_but_entered = _contents(message, group, id_key)
    segments = sealing.seal(
        message,
        group,
        subject=subjects[0],
        numbers=whose.own if subjects[1:] else numbered,
        places=places,
        findings=findings,
        hides_units=bool(profile.part2_units),
        retired=group.mrg if subjects[1:] else None,
        named=team.named,
    )
    for retired in subjects[1:]:
        segments += sealing.seal_retired(message, group.mrg, subject=retired, numbers=whose.prior)
    core = Statement(
        ref=id_key.statement(
            subjects[0],
            sent_as,
            message.field("MSH", 3),
            message.field("MSH", 4),
            control_id,
            content,
            str(group.pair),
        ),
        trigger=row.code,
        record=subjects[0],
        mode=context.mode,
        mode_as_sent=mode_as_sent if is_code(mode_as_sent, _LONGEST_MODE) else "",
        application=application,
        sender=sender,
        control_id=control_id_kept,
        sequence=sequence,
        namespace=context.namespace,
        sent=sent,
        entered=entered,
        occurred=occurred,
        died=died,
        deceased=_DECEASED.get(delimiters.code(at(group.pid, 30)).upper()),
        merged=record_of(whose.merged) if whose.merged else None,
        identifiers=tuple(map(in_core, numbered)),
        roles=team.roles,
        content=content,
        content_but_entered=content_but_entered,
        pair=group.pair,
        settings=profile.settings,
        flags=tuple(findings.flags),
        **facts,
    )
    return StatementParts(core, tuple(segments), subjects, places.facility)


def kept_control_id(text: str, profile: Profile, id_key: IdKey) -> str:
    """Return MSH-10 as it is kept in clear: a ref if it is text that may name a person."""
    if is_code(text, LONGEST_ID) or profile.allows_words("MSH-10", text):
        return text
    return ref_of(text, id_key)


def _name(text: str, field: str, id_key: IdKey, findings: Findings) -> str:
    """Return a name within its limit; flag a longer one, and keep its text to be sealed."""
    if len(text) > LONGEST_NAME:
        findings.unreadable(field, text, "too_long")
        return shortened(text, id_key)
    return text


def _mode(sent: str, profile: Profile, findings: Findings) -> Mode:
    """Return the processing mode; T and D count as P if the profile promotes test messages."""
    if sent not in _MODES:
        findings.flag("MSH-11", "unknown")
        return "P"
    return "P" if profile.test_messages == "promote" else _MODES[sent]


def _subject_numbers(
    group: SegmentGroup,
    pv1: Segment | None,
    row: Trigger,
    context: FieldContext,
    findings: Findings,
) -> _SubjectNumbers:
    """Read all numbers, and choose the source record; of a merge also the record that retires.

    Raises:
        UnusableMessage: PID-3 or, in a merge, MRG-1 has no usable number.
    """
    people = numbers.of_patient(group.pid, context)
    chosen = record_number(people, "PID-3", context)
    if chosen is None:
        too_long = is_too_long(at(group.pid, 3), context.delimiters)
        reason = "patient_identifier_too_long" if too_long else "no_patient_identifier"
        raise UnusableMessage(reason, "PID-3")
    merges = row.reads is Reads.MERGE
    prior = numbers.of_merge(group.mrg, context, authority=chosen.authority, joins=merges)
    merged = None
    if merges:
        merged = record_number(prior, "MRG-1", context, authority=chosen.authority)
        if merged is None:
            too_long = is_too_long(at(group.mrg, 1), context.delimiters)
            reason = "prior_identifier_too_long" if too_long else "no_prior_identifier"
            raise UnusableMessage(reason, "MRG-1")
        if merged.ref == chosen.ref:
            findings.flag("MRG-1", "itself")
        if any(_is_another(each, merged) for each in prior):
            findings.flag("MRG-1", "repeated")  # one statement retires only one record
    return _SubjectNumbers(
        chosen, merged, (*people, *numbers.of_visit(pv1, context, own=chosen.authority)), prior
    )


def _is_another(number: StatedNumber, merged: StatedNumber) -> bool:
    """Say whether a number of MRG names another record of the same authority as ``merged``."""
    same = number.field == "MRG-1" and number.authority == merged.authority
    return same and number.ref != merged.ref and not number.nothing


def _flag_what_is_odd(
    message: Message, group: SegmentGroup, row: Trigger, findings: Findings
) -> None:
    """Flag repeated segments (the first is read), cut values and contradicting triggers."""
    delimiters = message.delimiters
    names = [segment[0] for segment in group.segments]
    if len(set(names)) < len(names):
        for name in ("EVN", "PID", "PV1"):
            if names.count(name) > 1:
                findings.flag(name, "repeated")
    evn_1 = delimiters.code(message.field("EVN", 1)).upper()
    if evn_1 and evn_1 != row.code:
        findings.flag("EVN-1", "differs")
    if delimiters.truncation:
        for repetition in delimiters.repetitions(at(group.pid, 3)):
            if delimiters.components(repetition)[0].endswith(delimiters.truncation):
                findings.flag("PID-3", "truncated")


def _flag_too_long(
    group: SegmentGroup, pv1: Segment | None, context: FieldContext, findings: Findings
) -> None:
    """Flag each field that has a number or a name over its limit, which is not read."""
    for segment, fields in (
        (group.pid, _PID_NUMBERS),
        (pv1, _PV1_NUMBERS),
        (group.mrg, _MRG_NUMBERS),
    ):
        if segment and max(map(len, segment)) > LONGEST_NUMBER:
            flag_too_long(segment, fields, context, findings)
            for number in (5, 9) if segment is group.pid else ():
                if sealing.leaves_out_names(context.delimiters, at(segment, number)):
                    findings.flag(f"PID-{number}", "too_long")


def _contents(message: Message, group: SegmentGroup, id_key: IdKey) -> tuple[str, str]:
    """Return two hashes by which resends are found.

    The first covers the whole statement except MSH-7, MSH-10 and MSH-13. The second also leaves out
    EVN-2. Both are made of the lines, so that line ends and separators after the last field make no
    difference.
    """
    separator = message.delimiters.separator
    lines = [line.rstrip(separator) for line in group.lines]
    entered = None
    for index, segment in enumerate(group.segments):
        if segment[0] == "MSH":
            lines[index] = _without(segment[:1] + segment[2:], (6, 9, 12), separator)
        elif segment[0] == "EVN" and entered is None:
            entered = at(segment, 2)
            if entered:
                lines[index] = _without(segment, (2,), separator)
    but_entered = id_key.ref("content", "\r".join(lines + message.odd))
    return id_key.ref("content entered", but_entered, entered or ""), but_entered


def _without(segment: Segment, blank: Sequence[int], separator: str) -> str:
    kept = ["" if index in blank else text for index, text in enumerate(segment)]
    return separator.join(kept).rstrip(separator)
