from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import get_ident
from typing import Any, Final

import psycopg
import pytest
from msgspec import structs
from psycopg import Connection

from caretrail.read_models import ReadModels
from caretrail.readers import open_reader
from caretrail.reading.contract import census_json, patients_json, timeline_json
from caretrail.reading.listing import PatientSearch
from caretrail.reading.patient import PatientReading
from caretrail.reading.reader import Reader
from domain.body import SealedSegment
from tests.region import NOW, Told, now
from tests.web.people import at

pytestmark = pytest.mark.postgres


def test_any_number_record_statement_or_event_of_a_patient_finds_the_patient(told: Told) -> None:
    reading = told.reader.patient(told.alder)
    assert reading
    ids = [
        "NGH|0048213",
        "HRC|R-5518",
        "SBH|77-20981",
        "REGION|940118274",
        *reading.patient.records,
    ]
    ids += [ref for each in reading.patient.encounters for ref in each.statements]
    ids += [one.event_id for one in reading.filed.values()]

    assert {told.reader.resolve(each) for each in ids} == {told.alder}
    for each in ids:
        found = told.reader.patient(each)
        assert found
        assert found.patient == reading.patient


def test_an_unknown_number_finds_no_patient(told: Told) -> None:
    assert told.reader.resolve("NGH|no-such-number") is None
    assert told.reader.resolve("no-such-id") is None
    assert told.reader.patient("NGH|no-such-number") is None


def test_a_number_shared_with_a_test_record_finds_the_production_patient(told: Told) -> None:
    reading = told.reader.patient("NGH|0048213")

    assert reading
    assert reading.patient.mode == "P"
    assert reading.twin_mode == "T"
    twin = told.reader.patient(reading.twin or "")
    assert twin
    assert (twin.patient.mode, twin.twin, twin.twin_mode) == ("T", told.alder, "P")
    assert twin.person.name == "Alder, Test R"


def test_a_reading_opens_name_birth_date_and_numbers(told: Told) -> None:
    reading = told.reader.patient("SBH|77-20981")

    assert reading
    assert reading.person.name == "Alder, Rowena M"
    assert (reading.person.birth_date, reading.person.sex) == ("1951-06-02", "F")
    retired = [n for n in reading.numbers if n.retired]
    assert [(n.authority, n.value) for n in retired] == [("SBH", "77-20981")]
    assert [n.value for n in reading.numbers if n.trusted] == ["940118274"]


def test_the_timeline_has_every_member_of_the_contract(told: Told) -> None:
    reading = told.reader.patient("SBH|77-20981")
    assert reading

    said = timeline_json(reading)

    assert said["patient_id"] == told.alder
    assert said["mode"] == "P"
    assert said["known_at"]["index"] == told.application.store.max_index()
    assert len(said["encounters"]) == 8
    for encounter in said["encounters"]:
        assert encounter.keys() >= {
            "encounter_id", "facility", "visit_number", "class", "class_as_sent", "status",
            "started_at", "started_inferred", "ended_at", "ended_inferred", "locations",
            "cancelled", "flags",
        }  # fmt: skip
        for location in encounter["locations"]:
            assert location.keys() >= {
                "facility", "unit", "room", "bed", "from", "until", "cancelled", "event_id",
            }  # fmt: skip
    for entry in said["entries"]:
        assert entry.keys() >= {
            "happened_at", "recorded_at", "kind", "summary", "event_id", "source_message", "flags",
        }  # fmt: skip
    stays = {e["visit_number"]: e for e in said["encounters"]}
    assert stays["S400117"]["started_at"] is None
    assert stays["S400117"]["started_inferred"] is True
    assert stays["S401502"]["cancelled"] is True
    now_at = stays["N884906"]
    assert (now_at["status"], now_at["ended_at"], now_at["ended_inferred"]) == (
        "in-progress", None, False,
    )  # fmt: skip
    assert now_at["started_at"] == "2026-02-16T16:45:00Z"
    where = now_at["locations"][0]
    assert (where["facility"], where["unit"], where["room"], where["bed"]) == (
        "NGH", "4W", "10", None,
    )  # fmt: skip


def test_as_of_leaves_out_what_had_not_happened(told: Told) -> None:
    reading = told.reader.patient(told.alder, as_of=at("01-20 12:00"))

    assert reading
    assert [e.facility for e in reading.patient.encounters] == ["SBH", "CSC", "NGH"]
    assert reading.patient.encounters[-1].status == "in-progress"
    assert reading.patient.patient_id == told.alder


def test_known_at_leaves_out_what_had_not_been_recorded(told: Told) -> None:
    whole = told.reader.patient(told.alder)
    assert whole
    merge = next(f for f in whole.filed.values() if f.statement.trigger == "A40")

    before = told.reader.patient("SBH|77-20981", known_at=merge.index - 1)
    after = told.reader.patient("SBH|77-20981", known_at=merge.index)

    assert before
    assert after
    assert before.patient.patient_id != told.alder
    assert [e.cancelled for e in before.patient.encounters] == [True]
    assert len(after.patient.encounters) > 1
    assert before.known.index == merge.index - 1


def test_no_patient_is_known_before_the_first_event(told: Told) -> None:
    assert told.reader.patient(told.alder, known_at=0) is None
    assert told.reader.patient(told.alder, known_at=at("2020-01-01 00:00")) is None


def test_the_census_from_rows_equals_the_census_interpreted_as_of_now(told: Told) -> None:
    live = told.reader.census.read(now=now())
    again = told.reader.census.read(now=now(), as_of=NOW)

    assert census_json(live) == census_json(again)
    kinds = sorted(d.kind for d in live.disagreements)
    assert kinds == ["bed_of_two", "left_open"]
    assert {d.kind for d in again.disagreements} == set(kinds)
    assert [o.person.name for o in live.occupied] == [o.person.name for o in again.occupied]


def test_a_census_row_has_every_member_of_the_contract(told: Told) -> None:
    rows = census_json(told.reader.census.read(now=now(), facility="NGH"))

    assert {row["facility"] for row in rows} == {"NGH"}
    assert {row["mode"] for row in rows} == {"P", "T"}
    mine = [row for row in rows if row["patient_id"] == told.alder]
    assert len(mine) == 1
    assert mine[0].keys() >= {
        "facility", "unit", "room", "bed", "patient_id", "encounter_id", "since", "mode",
    }  # fmt: skip


def test_the_pages_of_the_list_hold_each_patient_once(told: Told) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = told.reader.patients(cursor=cursor, limit=7)
        seen += [each.patient_id for each in page.listed]
        cursor = page.older
        if not cursor:
            break

    assert len(seen) == len(set(seen)) == page.people
    assert page.records == page.people + 5  # one has five records, another has two


def test_a_retired_record_is_listed_with_its_survivor(told: Told) -> None:
    said = [patients_json(each) for each in told.reader.every_patient()]

    retired = [each for each in said if each["merged_into"]]
    assert [each["merged_into"] for each in retired] == [told.alder]
    survivor = next(each for each in said if each["patient_id"] == told.alder)
    assert {n["identifier"] for n in survivor["identifiers"]} >= {"77-10342", "940118274"}


@pytest.mark.parametrize(
    "words",
    ["alder rowena", "ALDER", "Ald Row", "alder 1951", "rowena 1951-06-02", "SBH|77-10342",
     "77-20981", "0048213", "SBH 77-10342", "Alder 2 Jun 1951", "19510602"],
)  # fmt: skip
def test_a_patient_is_found_by_name_birth_date_and_number(told: Told, words: str) -> None:
    found = told.reader.patients(PatientSearch(words=words, modes=("P",)))

    assert [each.patient_id for each in found.listed] == [told.alder]


@pytest.mark.parametrize("words", ["alder 1999", "alderx", "rowena yarrow", "%", "' or 1=1 --"])
def test_a_search_that_fits_no_patient_finds_none(told: Told, words: str) -> None:
    assert told.reader.patients(PatientSearch(words=words)).listed == ()


def test_a_filter_without_words_finds_every_patient_that_fits_in_pages(told: Told) -> None:
    asked = PatientSearch(open_stay=True)
    everybody = list(told.reader.every_patient())
    first = told.reader.patients(asked, limit=2)
    rest = told.reader.patients(asked, cursor=first.older, limit=500)

    found = {each.patient_id for each in (*first.listed, *rest.listed)}
    assert len(first.listed) == 2
    assert found == {each.patient_id for each in everybody if each.open_class}
    tests = told.reader.patients(PatientSearch(modes=("T", "D")), limit=500).listed
    assert {each.mode for each in tests} == {"T"}
    assert len(tests) == sum(each.mode == "T" for each in everybody)


def test_a_patient_is_shown_as_known_before_the_surviving_record_arrived(told: Told) -> None:
    now = told.reader.patient(told.alder)
    assert now
    first = dict.fromkeys(now.patient.records, 1 << 62)
    for filed in now.filed.values():
        record = filed.statement.record
        first[record] = min(first[record], filed.index)
    late = max(first, key=lambda record: first[record])

    then = told.reader.patient(late, known_at=first[late] - 1)

    assert then
    assert then.patient.entries
    assert late not in then.patient.records
    assert set(then.patient.records) < set(now.patient.records)
    assert told.reader.patient(late, known_at=0) is None


def test_a_statement_is_late_by_when_it_was_sent_if_the_history_was_loaded_afterwards(
    told: Told,
) -> None:
    reading = told.reader.patient(told.alder)
    assert reading
    assert reading.loaded_afterwards
    entry = next(each for each in reading.patient.entries if reading.late(each))

    def with_statement(**changed: Any) -> PatientReading:
        filed = reading.filed[entry.statement]
        statement = replace(filed.statement, **changed)
        return replace(
            reading,
            filed={**reading.filed, entry.statement: structs.replace(filed, statement=statement)},
        )

    assert reading.late(entry) == timedelta(hours=5, minutes=14)
    # Without a time of sending, the time of loading would make everything late.
    assert with_statement(sent=None).late(entry) is None


def test_a_number_that_its_sender_replaced_is_marked_and_the_newer_one_joins(told: Told) -> None:
    reading = told.reader.patient("SBH|70004")

    assert reading
    trusted = {n.value: n.replaced for n in reading.numbers if n.trusted}
    assert trusted == {"111222333": True, "444555666": False}
    alder = told.reader.patient(told.alder)
    assert alder
    assert not any(n.replaced for n in alder.numbers)


@pytest.mark.parametrize(
    ("as_of", "label", "class_code"),
    [("01-10 10:00", "ED-30", "EMER"), ("01-10 15:00", "4W-30", "IMP")],
)
def test_a_second_admission_moves_the_patient_at_its_own_time(
    told: Told, as_of: str, label: str, class_code: str
) -> None:
    reading = told.reader.patient("SBH|70004", as_of=at(as_of))
    census = told.reader.census.read(now=now(), as_of=at(as_of))

    assert reading
    (encounter,) = reading.patient.encounters
    assert (reading.label(encounter.stays[-1].place), encounter.class_code) == (label, class_code)
    assert encounter.stays[-1].end is None
    (bed,) = [o for o in census.occupied if o.patient_id == reading.patient.patient_id]
    assert (bed.parts.label(), bed.class_code) == (label, class_code)


def test_a_cancelled_transfer_before_a_second_admission_leaves_the_patient_in_place(
    told: Told,
) -> None:
    reading = told.reader.patient("SBH|70005", as_of=at("01-10 12:00"))
    census = told.reader.census.read(now=now(), as_of=at("01-10 12:00"))

    assert reading
    (encounter,) = reading.patient.encounters
    (stay,) = [stay for stay in encounter.stays if not stay.cancelled]
    assert (reading.label(stay.place), stay.end, encounter.class_code) == ("ED-31", None, "EMER")
    (bed,) = [o for o in census.occupied if o.patient_id == reading.patient.patient_id]
    assert bed.parts.label() == "ED-31"


def test_evidence_is_the_message_as_received_with_its_fields(told: Told) -> None:
    reading = told.reader.patient(told.alder)
    assert reading
    filed = next(f for f in reading.filed.values() if f.statement.trigger == "A06")

    by_event = told.reader.evidence.behind(filed.event_id)
    by_ref = told.reader.evidence.behind(filed.statement.ref)
    by_message = told.reader.evidence.behind(filed.message_id or "")

    assert by_event == by_ref == by_message
    assert by_event
    whole = ["".join(part.text for part in line) for line in by_event.lines]
    assert whole[0].startswith(r"MSH|^~\&|SBHADT|SBH|")
    used = {field.name: field for field in by_event.used}
    assert used["EVN-6"].used_as.startswith("time of occurrence; used as the time of the event")
    assert used["PV1-19"].value == "S401977"
    assert "production" in used["MSH-11"].used_as
    marked = {part.name for line in by_event.lines for part in line if part.name}
    assert marked == set(used)


def test_an_unknown_id_has_no_evidence(told: Told) -> None:
    assert told.reader.evidence.behind("no-such-id") is None


@pytest.mark.parametrize("name", ["census", "patients"])
def test_the_keys_of_a_list_are_fetched_before_its_segments_are_opened(
    told: Told, name: str
) -> None:
    services = told.application.services
    warmed, opened = set[str](), set[str]()

    def open_segment(sealed: SealedSegment, event_id: str, topic: str) -> bytes:
        opened.add(sealed.subject)
        assert opened <= warmed
        return services.open_segment(sealed, event_id, topic)

    watched = replace(services, warm=warmed.update, open_segment=open_segment)
    with open_reader(replace(told.application, services=watched)) as reader:
        if name == "census":
            assert reader.census.read(now=now()).occupied
        else:
            assert reader.patients().listed
    assert opened


def test_rows_and_position_of_an_answer_are_of_one_state(told: Told) -> None:
    with (
        psycopg.connect(told.application.url, autocommit=True) as other,
        told.reader.past() as then,
    ):
        before = then.connection.execute(_STATE).fetchone()
        other.execute("select pg_current_xact_id()")  # a transaction of another process commits
        assert then.connection.execute(_STATE).fetchone() == before


#: Which transactions the next query sees.
_STATE: Final = "select pg_current_snapshot()::text"


@pytest.mark.parametrize(
    "ask",
    [
        lambda reader: reader.patient("NGH|0048213"),
        lambda reader: reader.census.read(now=NOW),
    ],
    ids=["patient", "census"],
)
def test_the_position_of_an_answer_is_read_in_the_transaction_of_its_rows(
    told: Told, ask: Callable[[Reader], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    levels, real, here = list[object](), ReadModels.complete_through, get_ident()

    def complete_through(models: ReadModels, connection: Connection[Any]) -> int:
        if get_ident() == here:  # other tests may have left threads that project
            levels.append(connection.execute("show transaction_isolation").fetchone())
        return real(models, connection)

    monkeypatch.setattr(ReadModels, "complete_through", complete_through)
    with open_reader(told.application, connections=1) as reader:
        ask(reader)

    assert set(levels) == {("repeatable read",)}
