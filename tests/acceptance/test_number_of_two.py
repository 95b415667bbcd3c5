"""A number of two people: the record filed under it answers; without one, both are offered."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from caretrail.bootstrap import opened
from caretrail.readers import open_reader
from infra.postgres_server import joined
from infra.settings import Settings
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.pages import pages_app
from tests.serving import serving
from tests.signed_in import csrf_of, sessions_of, sign_in

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def admission(control_id: str, numbers: str, name: str) -> str:
    return "\r".join(
        [
            rf"MSH|^~\&|REG|NORD|CT|HUB|2026030210150{control_id}||ADT^A01|{control_id}|P|2.5",
            "EVN||20260302101500",
            f"PID|1||{numbers}||{name}||19800101|F",
            f"PV1|1|I|4W^{control_id}^E^NORD||||||||||||||||V{control_id}"
            + "|" * 25
            + "20260302100000",
            "",
        ]
    )


#: Two people with one insurance number, and with one number that is also a record of its own.
FEED = [
    admission("1", "AM-1^^^NORD^MR~9001^^^INS^PN~77^^^LAB^PN", "QUILL^AMY"),
    admission("2", "AM-2^^^NORD^MR~9001^^^INS^PN~77^^^LAB^PN", "QUILL^ABEL"),
    admission("3", "77^^^LAB^MR", "SEDGE^PIP"),
    admission("4", "AM-4^^^NORD^MR", "REED^PAM").replace("20260302100000", "20260302"),
]


@pytest.fixture(scope="module")
def line(module_home: Path) -> Iterator[CommandLine]:
    with joined(module_home):
        made = SameProcess(module_home)
        for text in FEED:  # one event each, in this order
            feed = module_home.with_name("feed.hl7")
            feed.write_text(text)
            assert made.object("ingest", feed)["recorded"] == 1
        yield made


@pytest.fixture(scope="module")
def patients(line: CommandLine) -> dict[str, str]:
    """The patient ids by number."""
    listed = line.objects("patients", "ls")
    return {one["identifiers"][0]["identifier"]: one["patient_id"] for one in listed}


def test_the_timeline_of_a_number_of_two_lists_both_and_exits_with_1(
    line: CommandLine, patients: dict[str, str]
) -> None:
    both = [patients["AM-1"], patients["AM-2"]]
    assert "2 patients have this number" in line.refused("timeline", "INS|9001")
    listed = line.run("timeline", "INS|9001", exit_code=1)
    assert all(each in listed for each in (*both, "NORD|AM-1", "NORD|AM-2"))
    rows = line.objects_refused("timeline", "INS|9001")
    assert sorted(row["patient_id"] for row in rows) == sorted(both)


def test_the_timeline_of_one_of_two_patients_names_the_number_and_the_other(
    line: CommandLine, patients: dict[str, str]
) -> None:
    shown = line.object("timeline", "NORD|AM-1")
    assert shown["shared_numbers"][0] == {
        "authority": "INS", "identifier": "9001", "patient_id": patients["AM-2"],
    }  # fmt: skip
    text = line.run("timeline", "NORD|AM-1")
    assert f"number INS|9001: patient {patients['AM-2']} has it too" in text
    assert line.object("timeline", "NORD|AM-1", "--known-at", "2")["shared_numbers"] == []


def test_the_timeline_says_what_the_flags_of_an_encounter_mean(line: CommandLine) -> None:
    as_of = ("--as-of", "2026-03-02T10:15:00Z")
    assert "may_have_begun_later" not in line.run("timeline", "NORD|AM-1", *as_of)
    text = line.run("timeline", "NORD|AM-4", *as_of)
    assert "may_have_begun_later: Its admission or transfer names only the day" in text


def test_other_commands_choose_no_patient_of_a_number_of_two(line: CommandLine) -> None:
    for command in (
        ("audit", "trail", "--patient", "INS|9001"),
        ("referral", "ls", "--patient", "INS|9001"),
        ("referral", "request", "INS|9001", "--requester", "A", "--target", "B", "--as", "x",
         "--purpose", "TREAT"),
    ):  # fmt: skip
        assert "2 patients have this number" in line.refused(*command)


def test_the_record_filed_under_a_number_answers_for_it(
    line: CommandLine, patients: dict[str, str]
) -> None:
    assert line.object("timeline", "LAB|77")["patient_id"] == patients["77"]


def test_only_patients_that_had_the_number_by_then_count(
    line: CommandLine, patients: dict[str, str]
) -> None:
    for number in ("INS|9001", "LAB|77"):
        then = line.object("timeline", number, "--known-at", "2")
        assert then["patient_id"] == patients["AM-1"]
        assert "2 patients" in line.refused("timeline", number, "--known-at", "3")


def test_pages_offer_both_patients_of_a_number(line: CommandLine, patients: dict[str, str]) -> None:
    settings = Settings(home=line.home, kafka=False)
    with opened(settings) as application, open_reader(application) as reader:
        app = pages_app(reader, now=lambda: NOW, new_id=lambda: "search")
        ref = application.id_key.record("INS", "9001", "P")
        amy = reader.patient(patients["AM-1"])
        then = reader.patient(patients["AM-1"], known_at=2)
        with (
            serving(app) as address,
            httpx.Client(base_url=address, trust_env=False, follow_redirects=True) as client,
        ):
            sign_in(client, sessions_of(reader))
            csrf = csrf_of(client.get("/ui/patients").text)
            by_id = client.get(f"/ui/patients/{ref}")
            search = client.post("/ui/search", data={"q": "INS|9001", "csrf": csrf})
            hers = client.get(f"/ui/patients/{patients['AM-1']}").text
            filed = client.post("/ui/search", data={"q": "LAB|77", "csrf": csrf})
    assert (by_id.status_code, search.status_code) == (300, 200)
    for page in (by_id.text, search.text):
        assert "2 patients have this number." in page
        assert all(f"/ui/patients/{patients[each]}" in page for each in ("AM-1", "AM-2"))
        assert f"/ui/patients/{patients['77']}" not in page
    assert "Another patient has the number INS 9001 too." in hers
    assert f'"/ui/patients/{patients["AM-2"]}">Open the other patient' in hers
    assert amy
    assert len(amy.shared) == 2
    assert then
    assert not then.shared
    first, *others = (filed.text.index(patients[each]) for each in ("77", "AM-1", "AM-2"))
    assert first < min(others)
