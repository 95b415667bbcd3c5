"""A history as it was at an instant (section 13)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias

from domain.continuity import Encounter, Entry, Patient
from domain.flags import Flag
from domain.ids import StatementRef, VisitRef
from domain.interpretation.fuller_places import with_fuller_places
from domain.interpretation.interpret import by_start, interpret_as_given
from domain.interpretation.number_forms import with_one_form
from domain.interpretation.repeated_texts import RepeatedTexts
from domain.interpretation.times import BEFORE_ALL, happened
from domain.precision import length_of
from domain.statement import Statement
from domain.triggers import Kind, Trigger, trigger_of

#: Kinds that may be about earlier statements and report nothing new of their own.
_AFTERWARDS: Final[frozenset[Kind]] = frozenset({"cancel", "update"})

_About: TypeAlias = VisitRef | tuple[str, ...]


def interpret_as_of(statements: Iterable[Statement], as_of: datetime) -> tuple[Patient, ...]:
    """Return the patients of a set of statements with their history as it was at ``as_of``.

    Which records are one patient is taken from all statements: records that are one patient today
    were one patient then (R2.7). The same holds for fuller places (R8.12), for times that are
    repeated under another offset (R5.15) and for forms of visit numbers (R3.1), so that a stay has
    the same place, start and visit at each instant. Encounters and entries come from the statements
    that ``stated_by`` keeps, after corrected times (R13.7). A patient without such a statement has
    an empty history.
    """
    stated = RepeatedTexts().of(list(statements))
    everything = {each.ref: each for each in with_one_form(with_fuller_places(stated))}
    whole = interpret_as_given(everything.values())
    corrected = _kept_by_corrected_times(whole, everything, as_of)
    kept = _kept(everything.values(), as_of, corrected)
    history = whole if kept == list(everything.values()) else interpret_as_given(kept)
    may_have_ended = _of_day_of_end(whole, as_of)
    return tuple(_with_history(each, history, as_of, everything, may_have_ended) for each in whole)


def stated_by(statements: Iterable[Statement], as_of: datetime) -> list[Statement]:
    """Return the statements that say what was true at ``as_of``, in the order given.

    When a statement was sent or recorded does not matter.

    - R13.1: A plan, beginning, move or end is kept if its placing instant is not after ``as_of``,
      or if it has no time.
    - R13.2: Merges and everything about a person are kept.
    - R13.3: A cancel or an update is kept if its own instant is not after ``as_of``. It is also
      kept if a plan, beginning, move or end that it may be about is kept: it corrects that
      statement, or says that it was never true. Example: an A11 of the next day is kept, because
      the admission of today was wrong already today.
    - R13.4: An A13 that is kept for that reason alone loses its place, because the patient is there
      only from then on.

    An entry of a statement that is kept for that reason alone has a time after ``as_of``.
    """
    return _kept(list(statements), as_of, {})


def _kept(
    statements: Collection[Statement], as_of: datetime, corrected: Mapping[StatementRef, bool]
) -> list[Statement]:
    """Return what ``stated_by`` says, where ``corrected`` does not decide otherwise (R13.7)."""
    in_time = [corrected.get(each.ref, _in_time(each, as_of)) for each in statements]
    about: set[_About] = set()
    for each, here in zip(statements, in_time, strict=True):
        if here and trigger_of(each.trigger).happens:
            about.add((each.namespace, each.record))
            unnumbered = (each.namespace, each.record, "unnumbered")
            if each.visit is not None:
                about.add(each.visit)
            if each.visit is None or each.visit_field:  # an account may stand for no visit (R3.23)
                about.add(unnumbered)
    kept: list[Statement] = []
    for each, here in zip(statements, in_time, strict=True):
        row = trigger_of(each.trigger)
        if here or not (row.kind in _AFTERWARDS or row.happens):
            kept.append(each)
        elif each.ref in corrected:
            continue
        elif row.kind in _AFTERWARDS and _may_be_about(each, row, about):
            kept.append(replace(each, place=None) if row.cancels == "end" else each)
    return kept


def _kept_by_corrected_times(
    whole: Iterable[Patient], statements: Mapping[StatementRef, Statement], as_of: datetime
) -> dict[StatementRef, bool]:
    """Return the statements whose time was corrected to the other side of ``as_of`` (R13.7).

    The value says whether the statement is kept. Example: an A01 at 10:00, and on the next day an
    A08 with PV1-44 12:00. At 11:00 the admission had not happened, so the A01 is left out.

    Args:
        whole: The patients, as all statements give them.
        statements: All statements, by ref.
        as_of: The instant.
    """
    decided: dict[StatementRef, bool] = {}
    for patient in whole:
        entries = {entry.statement: entry for entry in patient.entries}
        for encounter in patient.encounters:
            if encounter.cancelled:
                continue
            if encounter.start is not None and encounter.start > as_of:
                decided |= {
                    ref: False
                    for ref in encounter.statements
                    if trigger_of(statements[ref].trigger).kind != "plan"
                }
                continue
            holding = [
                (trigger_of(statements[ref].trigger).kind, entry)
                for ref in encounter.statements
                if (entry := entries[ref]).voided_by is None and not entry.ends_part
            ]
            if encounter.end is not None and encounter.end > as_of:
                # The updates that correct the end say nothing about an earlier instant.
                decided |= {
                    entry.statement: False
                    for kind, entry in holding
                    if kind == "update" and _corrects_end(statements[entry.statement], as_of)
                }
            for kind, at in (("beginning", encounter.start), ("end", encounter.end)):
                some = [entry for each, entry in holding if each == kind]
                if at is None or not some:
                    continue
                if at > as_of:
                    decided |= {entry.statement: False for entry in some}
                elif not any(_in_time(statements[entry.statement], as_of) for entry in some):
                    first = min(some, key=_happened_at)
                    decided[first.statement] = True
    return decided


def _of_day_of_end(whole: Iterable[Patient], as_of: datetime) -> set[StatementRef]:
    """Return the statements of encounters whose coarse end may be before ``as_of`` (R13.8)."""
    return {
        ref
        for patient in whole
        for encounter in patient.encounters
        if encounter.end is not None
        and as_of < encounter.end <= as_of + length_of(encounter.end_precision)
        for ref in encounter.statements
    }


def _with_doubts(
    encounter: Encounter, as_of: datetime, may_have_ended: Collection[StatementRef]
) -> Encounter:
    """Flag an open encounter that a coarse time leaves open at ``as_of`` (R13.8)."""
    if encounter.end is not None or encounter.cancelled:
        return encounter
    flags: set[str] = set()
    if encounter.statements[0] in may_have_ended:
        flags.add(Flag.MAY_HAVE_ENDED)
    here = next((each for each in reversed(encounter.stays) if not each.cancelled), None)
    if here and here.start and as_of - here.start < length_of(here.start_precision):
        flags.add(Flag.MAY_HAVE_BEGUN_LATER)
    return encounter._replace(flags=tuple(sorted({*encounter.flags, *flags})))


def _corrects_end(update: Statement, as_of: datetime) -> bool:
    return update.discharged is not None and update.discharged.last > as_of


def _happened_at(entry: Entry) -> datetime:
    return entry.happened_at or BEFORE_ALL


def _in_time(statement: Statement, as_of: datetime) -> bool:
    instant, _ = happened(statement)
    return instant is None or instant <= as_of


def _may_be_about(statement: Statement, row: Trigger, about: set[_About]) -> bool:
    """Tell whether a kept statement exists that a later cancel or update may be about (R13.3).

    A numbered statement that alone would open a visit (A08, A13) is not about unnumbered ones.
    """
    if statement.visit is None or statement.visit_field:
        return (statement.namespace, statement.record) in about
    return statement.visit in about or (
        not row.opens_visit and (statement.namespace, statement.record, "unnumbered") in about
    )


def _with_history(
    today: Patient,
    history: Iterable[Patient],
    as_of: datetime,
    statements: Mapping[StatementRef, Statement],
    may_have_ended: Collection[StatementRef],
) -> Patient:
    """Return a patient with the records of today, and with what ``history`` says about them."""
    records = set(today.records)
    same = [each for each in history if not records.isdisjoint(each.records)]
    encounters: list[Encounter] = []
    later: set[StatementRef] = set()
    for encounter in (one for each in same for one in each.encounters):
        kept = _without_later_stays(_not_yet_closed(encounter, as_of), as_of, statements)
        encounters.append(_with_doubts(kept, as_of, may_have_ended))
        later |= {stay.statement for stay in encounter.stays}
        later -= {stay.statement for stay in kept.stays}
    entries = [one for each in same for one in each.entries if one.statement not in later]
    return today._replace(
        encounters=tuple(sorted(encounters, key=by_start)),
        # The entries of each patient are in order; sorting by time alone keeps this order.
        entries=tuple(sorted(entries, key=lambda entry: entry.happened_at or BEFORE_ALL)),
        flags=tuple(dict.fromkeys(flag for each in same for flag in each.flags)),
        death=today.death if today.death and today.death.at <= as_of else None,
    )


def _not_yet_closed(encounter: Encounter, as_of: datetime) -> Encounter:
    """Open an encounter again if a rule closes it (R9.4) only after ``as_of``."""
    if Flag.CLOSED_BY_RULE not in encounter.flags or (end := encounter.end) is None or end <= as_of:
        return encounter
    return encounter._replace(
        status="in-progress",
        end=None,
        end_inferred=False,
        stays=tuple(
            stay._replace(end=None) if stay.end == end and not stay.cancelled else stay
            for stay in encounter.stays
        ),
        flags=tuple(flag for flag in encounter.flags if flag != Flag.CLOSED_BY_RULE),
    )


def _without_later_stays(
    encounter: Encounter, as_of: datetime, statements: Mapping[StatementRef, Statement]
) -> Encounter:
    """Leave out the stays that begin after ``as_of``.

    An A01 that follows an A04 often states the PV1-44 of the A04, so it is kept. But it changes
    place and class only from its own time on, and this time may be after ``as_of``.
    """
    stays = [stay for stay in encounter.stays if stay.start is None or stay.start <= as_of]
    if len(stays) in (0, len(encounter.stays)):
        return encounter
    # The last valid stay is the current one. If all are cancelled, the last one gives the class.
    current = max((at for at, stay in enumerate(stays) if not stay.cancelled), default=-1)
    last = stays[current]
    if last.end and last.end > as_of:
        stays[current] = last = last._replace(end=None)
    return encounter._replace(
        stays=tuple(stays),
        class_code=last.class_code,
        class_as_sent=statements[last.statement].class_as_sent,
    )
