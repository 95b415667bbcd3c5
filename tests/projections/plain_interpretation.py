"""A plain interpretation: the tests of projections do not depend on the rules of the real one."""

from collections.abc import Iterable

from domain.continuity import Encounter, Entry, Merge, Patient, Stay
from domain.ids import EncounterId, PatientId, RecordId
from domain.statement import Statement
from projections.engine.links import UnionFind


def interpret(statements: Iterable[Statement]) -> tuple[Patient, ...]:
    """Join records by merges and trusted refs; make an encounter of each visit number.

    A01 and A02 begin a stay, and A03 ends the encounter.
    """
    distinct = {one.ref: one for one in statements}
    everything = sorted(distinct.values(), key=_sent)
    union = UnionFind()
    survivors: dict[RecordId, RecordId] = {}
    merges: list[Merge] = []
    for one in everything:
        nodes: list[str] = [one.record]
        if one.merged is not None:
            nodes.append(one.merged)
            survivors[one.merged] = one.record
            merges.append(Merge(retired=one.merged, survivor=one.record, statement=one.ref))
        nodes += [each.ref for each in one.identifiers if each.trusted and not each.placeholder]
        union.join(nodes)
    records = sorted({one.record for one in everything} | set(survivors))
    groups: dict[str, list[RecordId]] = {}
    for record in records:
        groups.setdefault(union.find(record), []).append(record)
    return tuple(_patient(group, everything, merges) for group in groups.values())


def _patient(records: list[RecordId], everything: list[Statement], merges: list[Merge]) -> Patient:
    mine = [one for one in everything if one.record in records]
    retired = {merge.retired for merge in merges}
    ends = [record for record in records if record not in retired] or records
    visits: dict[str, list[Statement]] = {}
    for one in mine:
        if one.visit is not None and one.trigger != "A40":
            visits.setdefault(one.visit, []).append(one)
    encounters = tuple(_encounter(said) for said in visits.values())
    belongs = {ref: one.encounter_id for one in encounters for ref in one.statements}
    return Patient(
        patient_id=PatientId(min(ends)),
        mode=mine[0].mode,
        records=tuple(records),
        merges=tuple(merge for merge in merges if merge.retired in records),
        encounters=encounters,
        entries=tuple(
            Entry(
                statement=one.ref,
                happened_at=None if one.occurred is None else one.occurred.at,
                inferred=False,
                encounter_id=belongs.get(one.ref),
                flags=("doubtful",) if one.visit is None else (),
            )
            for one in mine
        ),
    )


def _encounter(said: list[Statement]) -> Encounter:
    stays: list[Stay] = []
    placed = [one for one in said if one.trigger in {"A01", "A02"}]
    end = next((one.occurred for one in said if one.trigger == "A03"), None)
    ended_at = None if end is None else end.at
    for number, one in enumerate(placed):
        follows = placed[number + 1] if number + 1 < len(placed) else None
        until = ended_at if follows is None or follows.occurred is None else follows.occurred.at
        stays.append(
            Stay(
                place=one.place,
                class_code=one.class_code,
                start=None if one.occurred is None else one.occurred.at,
                end=until,
                cancelled=False,
                statement=one.ref,
            )
        )
    first = said[0]
    return Encounter(
        encounter_id=EncounterId(first.ref),
        mode=first.mode,
        record=first.record,
        namespace=first.namespace,
        facility=first.namespace,
        visit=first.visit,
        class_code=first.class_code,
        class_as_sent=first.class_as_sent,
        status="in-progress" if end is None else "finished",
        start=None if first.occurred is None else first.occurred.at,
        end=ended_at,
        start_inferred=False,
        end_inferred=False,
        cancelled=any(one.trigger == "A11" for one in said),
        stays=tuple(stays),
        statements=tuple(one.ref for one in said),
    )


def _sent(one: Statement) -> tuple[str, str]:
    return ("" if one.sent is None else one.sent.at.isoformat(), one.ref)
