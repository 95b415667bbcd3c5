"""A coordinator requests a referral on the pages and takes it through its steps."""

import re
from html import unescape

import httpx
import pytest

from caretrail.intake import reading_context
from consumers.hl7v2.translate import read
from domain.ids import PatientId
from infra.web_sessions import PageUser
from projections.transition import transitions_of_patient
from tests.desk import Desk, desk
from tests.region import Voice
from tests.signed_in import NURSE, csrf_of, sessions_of, sign_in

__all__ = ["desk"]

pytestmark = pytest.mark.postgres

QUESTION = "Second stay for heart failure: please see."


def test_a_referral_is_requested_accepted_and_closed_on_the_pages(desk: Desk) -> None:
    referral = desk.referral(urgency="urgent", question=QUESTION)

    page = unescape(desk.client.get(referral).text)
    assert "Cardiology referral" in page
    assert "Northfield General → Cedar Street Clinic" in page
    assert QUESTION not in page, "free text is sealed"
    assert desk.offered(referral)[0] == "accept", "the usual next step is the first one"
    assert page.index("What you can do") < page.index("What happened")
    assert {"send", "mark_duplicate"} <= set(desk.offered(referral))
    assert "clear_duplicate" not in desk.offered(referral), "it is not marked as a duplicate"
    page = desk.recorded(
        desk.step(referral, "accept"), by__organisation="CSC", expected_by="2026-02-27"
    )
    assert "Referral accepted" in page
    (confirmed,) = re.findall(r'<p class="notice done" role="status"[^>]*autofocus>(.*?)</p>', page)
    assert "Referral accepted. Recorded as" in confirmed
    assert f'href="{desk.step(referral, "void")}?event_id=' in confirmed
    page = desk.recorded(
        desk.step(referral, "close"), acknowledged_by__organisation="NGH", outcome__how="fax",
        need_met="yes",
    )  # fmt: skip
    assert "Referral closed" in page
    assert desk.offered(referral)[0] == "close", "the patient was not told the plan"
    assert not {"accept", "mark_duplicate"} & set(desk.offered(referral))


def test_the_board_and_the_table_show_open_referrals_by_state(desk: Desk) -> None:
    referral = desk.referral(service="wound_clinic")

    board = unescape(desk.client.get("/ui/referrals").text)
    column = board[board.index("Requested <span") : board.index("Accepted <span")]
    assert f'href="{referral}">Wound clinic</a>' in column
    table = unescape(desk.client.get("/ui/referrals?view=table&state=Requested").text)
    assert f'href="{referral}">Wound clinic</a>' in table
    other = unescape(desk.client.get("/ui/referrals?state=Scheduled").text)
    assert f'href="{referral}"' not in other
    before = unescape(desk.client.get("/ui/referrals?known_at=1").text)
    assert "No referral is open." in before


def test_a_form_that_is_sent_twice_is_recorded_once(desk: Desk) -> None:
    fields = desk.fields(
        desk.new, requester__organisation="NGH", target__organisation="CSC", service="neurology"
    )
    first = desk.client.post(desk.new, data=fields)
    events = desk.events()
    second = desk.client.post(desk.new, data=fields)

    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert desk.events() == events


def test_errors_are_beside_their_fields_and_nothing_typed_is_lost(desk: Desk) -> None:
    events = desk.events()
    answer = desk.request(
        requester__organisation="", target__organisation="Dr Ward", needed_by="soon",
        happened_at="yesterday", question=QUESTION, urgency="stat",
    )  # fmt: skip

    page = unescape(answer.text)
    assert answer.status_code == 422
    assert desk.events() == events
    for name, words in (
        ("requester-organisation", "Please fill this in."),
        ("needed_by", "Write a day such as 2026-03-13."),
        ("happened_at", "Write a time such as 2026-03-10 13:30, or a day."),
    ):
        assert re.search(rf'id="f-{name}-error">.*?{re.escape(words)}</span>', page)
        assert f'aria-describedby="f-{name}-error" aria-invalid="true"' in page
    assert '<a href="#f-needed_by">' in page
    assert 'value="Dr Ward"' in page
    assert QUESTION in page
    assert '<option value="stat" selected>' in page


def test_a_name_in_a_field_for_a_code_is_refused_beside_the_field(desk: Desk) -> None:
    answer = desk.request(target__organisation="Dr Ward")

    assert answer.status_code == 422
    assert "Write a code of letters and digits without spaces, not a name." in answer.text


def test_a_refusal_of_the_rules_is_on_top_with_its_code_and_its_remedy(desk: Desk) -> None:
    future = desk.request(happened_at="2099-01-01 10:00")
    assert future.status_code == 422
    assert "<code>in_the_future</code>" in future.text
    assert 'id="f-happened_at-error"' in future.text
    referral = desk.referral(service="podiatry")
    early = desk.send(desk.step(referral, "reschedule"), by__organisation="CSC",
                      asked_by="patient", starts_at="2026-03-10 13:30")  # fmt: skip
    assert early.status_code == 409
    assert "Nothing was recorded" in early.text
    assert 'value="2026-03-10 13:30"' in early.text


def test_a_change_in_the_meantime_is_said_and_the_form_can_be_sent_again(desk: Desk) -> None:
    referral = desk.referral(service="dermatology")
    address = desk.step(referral, "accept")
    fields = desk.fields(address, by__organisation="CSC", expected_by="2026-03-01")
    desk.recorded(desk.step(referral, "receive"), by__organisation="CSC")

    answer = desk.client.post(address, data=fields)

    assert answer.status_code == 409
    assert "<code>version_conflict</code>" in answer.text
    assert 'value="2026-03-01"' in answer.text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text))
    assert hidden["version"] == "2"
    again = desk.client.post(address, data={**fields, **hidden})
    assert again.status_code == 303


def test_an_entry_is_marked_as_entered_in_error(desk: Desk) -> None:
    referral = desk.referral(service="orthopaedics")
    page = desk.recorded(desk.step(referral, "receive"), by__organisation="CSC")
    said = '>This is wrong<span class="sr">: Referral received'
    (void,) = re.findall(r'href="([^"]+/void[?]event_id=[^"]+)"' + said, page)

    fields = desk.fields(void, reason_code="not_done")
    event = void.partition("=")[2]
    answer = desk.client.post(void.partition("?")[0], data={**fields, "event_id": event})
    assert answer.status_code == 303, re.sub(r"<[^>]+>", " ", answer.text)
    desk.application.read_models.catch_up()
    assert "<del>Referral received</del>" in desk.client.get(referral).text


def test_a_role_that_may_not_record_is_refused_and_nothing_is_recorded(desk: Desk) -> None:
    events = desk.events()
    auditor = PageUser(issuer="local", subject="auditor-1", roles=("compliance",), organisations=())
    with httpx.Client(base_url=desk.site, trust_env=False) as client:
        signed_in = sign_in(client, sessions_of(desk.told.reader), auditor)
        other = Desk(signed_in, desk.told, desk.site, desk.app)
        answer = other.request()
    assert answer.status_code == 403
    assert "<code>role_not_allowed</code>" in answer.text
    assert desk.events() == events


def test_an_event_names_the_person_the_role_and_the_purpose(desk: Desk) -> None:
    referral = desk.referral(service="audiology")
    event = re.findall(r'href="(/ui/events/[^"]+)"', desk.client.get(referral).text)[0]

    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", desk.client.get(event).text))
    assert f"person local {NURSE.subject} coordinator" in page


def test_each_read_of_a_patient_is_recorded_with_person_and_purpose(desk: Desk) -> None:
    def read() -> list[tuple[str, ...]]:
        with desk.told.reader.connection() as connection:
            return connection.execute(
                "select subject, purpose, interface, route from access.record"
                " where %s::uuid = any(patients) order by access_id desc",
                (desk.told.alder,),
            ).fetchall()

    before = len(read())
    desk.client.get(f"/ui/patients/{desk.told.alder}")
    found = read()
    assert len(found) == before + 1
    assert found[0] == (NURSE.subject, "TREAT", "page", "GET /ui/patients/{patient_id}")


def test_a_form_names_the_patient_and_what_it_is_about_and_records_one_read(desk: Desk) -> None:
    referral = desk.referral(service="ophthalmology", happened_at="2026-02-05 10:00")
    step = desk.step(referral, "accept")
    discharge = discharged_encounter(desk)
    work = unescape(desk.client.get("/ui/work?kind=referral&older=yes").text)
    item = re.findall(rf'name="item" value="({referral.rpartition("/")[2]}[^"]*)"', work)
    transition = f"/ui/patients/{desk.told.alder}/record/transition/record_contact"
    for address, about in (
        (desk.new, "</b>, 2 Jun 1951"),
        (step, "<br>Ophthalmology</p>"),
        (f"/ui/work/record/snooze?item={item[0]}", "<br>Referral: "),
        (f"{transition}?encounter={discharge}", "<br>Discharge from "),
    ):
        before = reads_of(desk)
        page = unescape(desk.client.get(address).text)
        (subject,) = re.findall(r'<p class="subject">.*?</p>', page)
        assert "<b>Alder, " in subject
        if not address.startswith("/ui/work/"):
            assert re.search(r'<li><a href="/ui/patients/[^"]+"><bdi>Alder, ', page)
        assert about in subject
        assert reads_of(desk) == before + 1
    refused = unescape(desk.send(step, by__organisation="").text)
    assert '<p class="subject"><b>Alder, ' in refused


def test_a_form_does_not_name_a_patient_that_is_closed_to_the_reader(desk: Desk) -> None:
    other = PageUser(
        issuer="local", subject="coordinator-3", roles=("coordinator",), organisations=("VNA",)
    )
    before = reads_of(desk)
    with httpx.Client(base_url=desk.site, trust_env=False) as client:
        sign_in(client, sessions_of(desk.told.reader), other)
        page = client.get(desk.new)
    assert page.status_code == 200
    assert "Alder" not in page.text
    assert reads_of(desk) == before


def reads_of(desk: Desk) -> int:
    """Count the recorded reads of the patient Alder."""
    with desk.told.reader.connection() as connection:
        (count,) = connection.execute(
            "select count(*) from access.record where %s::uuid = any(patients)",
            (desk.told.alder,),
        ).fetchall()[0]
    return int(count)


def discharged_encounter(desk: Desk) -> str:
    """Return the encounter of a discharge of the patient Alder."""
    with desk.told.reader.connection() as connection:
        rows = transitions_of_patient(connection, PatientId(desk.told.alder))
    return next(each.encounter_id for each in rows if each.discharge_at)


def test_a_patient_outside_the_panel_asks_for_a_reason_first(desk: Desk) -> None:
    coordinator = PageUser(
        issuer="local", subject="coordinator-2", roles=("coordinator",), organisations=("CSC",)
    )
    address = f"/ui/patients/{desk.told.alder}"
    with httpx.Client(base_url=desk.site, trust_env=False) as client:
        sign_in(client, sessions_of(desk.told.reader), coordinator)
        asked = client.get(address)
        assert asked.status_code == 403
        assert "Why do you need to see this patient?" in asked.text
        assert "Alder" not in asked.text
        assert client.get(f"{address}?reason=direct_care").status_code == 200
        listed = client.get("/ui/patients").text
        assert desk.told.alder not in listed
        assert "Only patients in your care are listed." in listed


def test_if_the_read_cannot_be_recorded_nothing_is_shown(desk: Desk) -> None:
    with desk.told.reader.connection() as connection:
        connection.execute("alter table access.record rename to record_away")
        try:
            for address in (f"/ui/patients/{desk.told.alder}", "/ui/patients", "/ui/census"):
                answer = desk.client.get(address)
                assert answer.status_code == 503
                assert "Alder" not in answer.text
        finally:
            connection.execute("alter table access.record_away rename to record")


@pytest.mark.parametrize(
    "path",
    [
        "/ui/patients/nobody/record/referral/request",
        "/ui/streams/nobody/record/referral/juggle",
        "/ui/referrals/nobody",
    ],
)
def test_an_unknown_address_is_explained(desk: Desk, path: str) -> None:
    answer = desk.client.get(path)
    assert answer.status_code == 404
    assert "<h1>No such" in answer.text


def test_every_form_carries_its_token(desk: Desk) -> None:
    fields = desk.fields(desk.new)
    assert fields["csrf"] == csrf_of(desk.client.get(desk.new).text)
    assert desk.client.post(desk.new, data={**fields, "csrf": ""}).status_code == 403


def test_an_empty_work_list_says_why_and_how_to_see_all(desk: Desk) -> None:
    page = desk.client.get("/ui/work?kind=care_team").text

    assert "<h2>Nothing is owed</h2>" in page
    assert "No open duty matches this filter." in page
    assert '<a class="button plain" href="/ui/work?whose=all">Show all</a>' in page


def test_a_cursor_that_no_page_gave_is_explained(desk: Desk) -> None:
    assert desk.client.get("/ui/work?after=x").status_code == 404


def test_a_claim_keeps_the_list_and_says_what_was_recorded_and_how_to_undo_it(desk: Desk) -> None:
    desk.referral(service="rehabilitation", happened_at="2026-02-05 10:00")
    listed = "/ui/work?kind=referral&older=yes"
    page = desk.client.get(listed).text
    form = page[page.index('action="/ui/work/record/claim"') :].partition("</form>")[0]
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', unescape(form)))

    answer = desk.client.post("/ui/work/record/claim", data=fields)

    assert answer.status_code == 303
    there = answer.headers["location"]
    assert there.startswith(f"{listed}&recorded=")
    desk.application.read_models.catch_up()
    page = unescape(desk.client.get(there).text)
    assert '<option value="referral" selected>' in page
    (confirmed,) = re.findall(r'<p class="notice done" role="status"[^>]*autofocus>(.*?)</p>', page)
    assert re.search(r"Claimed until .*\d\d:\d\d: Referral: ", confirmed)
    undo = re.findall(r'href="(/ui/streams/[^"]+/record/work/void[^"]+)"', confirmed)[0]
    answer = desk.send(undo, reason_code="wrong_item")
    assert answer.headers["location"].startswith(f"{listed}&recorded="), "and back to the list"
    desk.application.read_models.catch_up()
    page = unescape(desk.client.get(answer.headers["location"]).text)
    assert "Marked as entered in error. Recorded as" in page
    item = page[page.index(f'value="{fields["item"]}"') - 900 :]
    assert 'action="/ui/work/record/claim"' in item[:900], "the item is not claimed"


def test_what_another_person_recorded_is_not_confirmed_on_the_work_list(desk: Desk) -> None:
    referral = desk.referral(service="geriatrics")
    index = desk.application.store.max_index()
    other = PageUser(
        issuer="local", subject="nurse-9", roles=("compliance",), organisations=("CSC",)
    )
    with httpx.Client(base_url=desk.site, trust_env=False) as client:
        sign_in(client, sessions_of(desk.told.reader), other)
        assert 'role="status"' not in client.get(f"/ui/work?recorded={index}").text
    assert 'role="status"' in desk.client.get(f"/ui/work?recorded={index}").text
    assert 'role="status"' not in desk.client.get(f"{referral}?recorded=1").text


def test_an_item_that_does_not_exist_cannot_be_claimed(desk: Desk) -> None:
    address = "/ui/work/record/snooze"
    fields = desk.fields(
        f"{address}?item={desk.told.alder}~referral.outcome~~20260305",
        by__organisation="CSC", until="2026-02-20 09:00", reason="patient_asked",
    )  # fmt: skip
    answer = desk.client.post(address, data=fields)

    assert answer.status_code == 404
    assert "<code>unknown_work_item</code>" in answer.text
    assert 'value="2026-02-20 09:00"' in answer.text


def test_the_page_of_a_referral_shows_its_duties_and_the_time_before_a_step(desk: Desk) -> None:
    referral = desk.referral(
        urgency="urgent", service="rheumatology", happened_at="2026-02-05 10:00"
    )
    desk.recorded(
        desk.step(referral, "accept"), by__organisation="CSC", expected_by="2026-02-27",
        happened_at="2026-02-06 10:00",
    )  # fmt: skip

    page = unescape(desk.client.get(referral).text)
    duties = page[page.index('id="h-duties"') : page.index('id="h-intervals"')]
    assert re.search(r'class="due later">done 6 Feb 10:00</p><p>answer the request', duties)
    assert "overdue" in duties
    assert re.search(r"Need determined to accepted <span[^>]*>24 h</span>", page)
    before = unescape(desk.client.get(f"{referral}?as_of=2026-02-05+12:00").text)
    assert "Referral requested" in before
    assert "Referral accepted" not in before
    assert f'href="{desk.step(referral, "accept")}"' not in before, "a step is recorded now"
    assert desk.client.get(f"{referral}?as_of=2026-02-01").status_code == 404


def test_the_board_marks_what_is_overdue_and_filters_by_the_own_organisation(desk: Desk) -> None:
    referral = desk.referral(service="nephrology", happened_at="2026-02-02 10:00")

    board = unescape(desk.client.get("/ui/referrals?state=Requested").text)
    card = board[board.index(f'href="{referral}"') - 200 :]
    assert 'class="card over"' in card[:200]
    assert '<p class="due over">overdue ' in card
    assert re.search(r'facility=NGH&[^"]*">Northfield General</a>', board)
    assert (
        f'href="{referral}"' in desk.client.get("/ui/referrals?facility=NGH&state=Requested").text
    )
    assert (
        f'href="{referral}"'
        not in desk.client.get("/ui/referrals?facility=HRC&state=Requested").text
    )


def test_after_a_death_a_referral_shows_it_and_offers_only_what_may_be_recorded(desk: Desk) -> None:
    jessop = Voice("SBH", "70005", "Jessop^Maren", "19440711", "F")
    died = jessop.say("A03", "02-16 09:00", sent="02-16 10:00", visit="I9", place="4W-32",
                      discharged="02-16 09:00")  # fmt: skip
    died = died.replace(b"60099", b"60099" + b"|" * 18 + b"20260216090000|Y")  # PID-29 and PID-30
    begun = jessop.say("A01", "02-15 09:00", visit="I9", place="4W-32", admitted="02-15 09:00")
    patient = desk.told.reader.resolve("SBH|70005")
    answer = desk.send(
        f"/ui/patients/{patient}/record/referral/request",
        requester__organisation="NGH", target__organisation="CSC", service="cardiology",
        happened_at="2026-02-14",
    )  # fmt: skip
    desk.application.read_models.catch_up()
    address = answer.headers["location"].partition("?")[0]
    assert "/record/referral/accept" in desk.client.get(address).text

    context = reading_context(desk.application, arrived_by="file")
    desk.application.record([read(raw, context=context) for raw in (begun, died)])
    desk.application.read_models.catch_up()

    page = desk.client.get(address).text
    assert "81, female, died 16 Feb" in page
    offered = set(re.findall(r"/record/referral/(\w+)", page)) - {"void"}
    assert "accept" not in offered
    assert "request_cancellation" in offered
    table = desk.client.get("/ui/referrals?view=table").text
    assert re.search(r"Maren.{0,200}died 16 Feb", table, re.DOTALL)


def test_who_acts_for_several_organisations_is_offered_these(desk: Desk) -> None:
    person = PageUser(
        issuer="local", subject="coordinator-3", roles=("coordinator",),
        organisations=("CSC", "NGH"),
    )  # fmt: skip
    address = f"/ui/patients/{desk.told.alder}/record/referral/request?reason=direct_care"
    with httpx.Client(base_url=desk.site, trust_env=False) as client:
        sign_in(client, sessions_of(desk.told.reader), person)
        page = client.get(address).text
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
        action = re.search(r'<form class="form" method="post" action="([^"]+)"', page)
        assert action
        refused = client.post(unescape(action[1]), data={**hidden, "target.organisation": "CSC"})
    assert refused.status_code == 422
    assert "Alder" in refused.text, "the refused form names the patient"
    for shown in (page, refused.text):
        own = re.search(r'<datalist id="own-organisations">(.*?)</datalist>', shown)
        assert own
        assert re.findall(r'value="([^"]*)"', own[1]) == ["CSC", "NGH"]
        assert re.search(r'name="requester.organisation" value=""[^>]* list="own-org', shown)
        assert re.search(r'name="target.organisation"[^>]* list="organisations"', shown)
