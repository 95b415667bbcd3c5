"""A home of every earlier release is upgraded by the first command, and works like a new one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from domain.ids import DEVELOPMENT_KEY
from infra.migrate import migrations
from infra.postgres_server import joined
from projections.catalogue import PROJECTIONS
from tests.acceptance.command_line import CommandLine, SameProcess
from tests.homes import new_home
from tests.upgrades import homes

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

#: Projections with columns that copy what a message was read as. A recorded event keeps the reading
#: of its time (`hl7v2-adt-1` in 0.1.0), for example account numbers without their authority.
KEEP_THE_READING = {"substrate", "timeline", "patients", "audit_trail", "care_team_stated"}


@dataclass
class EarlierHome:
    """A home of an earlier release, and what its database held before this release opened it."""

    release: str
    line: CommandLine
    url: str
    migrations: set[int]
    shapes: dict[str, int]  # by projection
    messages: set[str]  # ids


@pytest.fixture(scope="module", params=homes.RELEASES)
def earlier(request: pytest.FixtureRequest) -> Iterator[EarlierHome]:
    with new_home() as home:
        homes.restore(request.param, home)
        with joined(home) as url:
            yield opened(request.param, SameProcess(home), url)


def opened(release: str, line: CommandLine, url: str) -> EarlierHome:
    with psycopg.connect(url) as connection:
        done = connection.execute("select number from es.migration").fetchall()
        shapes = connection.execute(
            "select projection, shape from proj.version where state = 'active'"
        ).fetchall()
        messages = connection.execute("select message_id::text from intake.message").fetchall()
    return EarlierHome(
        release=release,
        line=line,
        url=url,
        migrations={number for (number,) in done},
        shapes=dict(shapes),
        messages={each for (each,) in messages},
    )


@pytest.fixture(scope="module")
def fresh(earlier: EarlierHome) -> Iterator[CommandLine]:
    """A new home that has read all messages: those of the earlier release and the later ones."""
    with new_home() as home:
        # Ids are compared, and homes of 0.1.0 derive them with the development key.
        line = SameProcess(home, {"CARETRAIL_ID_KEY": DEVELOPMENT_KEY.hex()})
        homes.make(earlier.release, line.home)
        with joined(line.home):
            line.run("ingest", homes.file_of(earlier.release, "messages.hl7"))
            line.run("ingest", homes.file_of(earlier.release, "later.hl7"))
            yield line


def test_the_first_command_brings_the_schema_to_this_release(earlier: EarlierHome) -> None:
    checked = earlier.line.objects("doctor")
    assert all(each["ok"] for each in checked)
    (ids,) = (each for each in checked if each["check"] == "ids")
    assert ids["warning"]
    assert "the key that the documentation prints" in ids["words"]
    assert not (earlier.line.home / "keys" / "id.key").exists()
    known = {each.number for each in migrations()}
    assert earlier.migrations <= known
    with psycopg.connect(earlier.url) as connection:
        done = connection.execute("select number from es.migration").fetchall()
    assert {number for (number,) in done} == known


def test_read_models_of_another_shape_are_built_again_and_the_others_stay(
    earlier: EarlierHome,
) -> None:
    earlier.line.run("patients", "ls")
    shapes = {each.name: each.version for each in PROJECTIONS}
    built = {name for name, shape in shapes.items() if earlier.shapes.get(name) != shape}
    if "substrate" in built:  # the others are made from it
        built = set(shapes)
    assert {
        each["name"]: each["version"] for each in earlier.line.objects("projections", "ls")
    } == {name: (name in earlier.shapes) + (name in built) for name in shapes}


def test_messages_are_listed_and_open_as_they_were_received(earlier: EarlierHome) -> None:
    sent = homes.messages(earlier.release, "messages.hl7")
    listed = [
        each for each in earlier.line.objects("messages", "ls") if each["id"] in earlier.messages
    ]
    assert len(listed) == len(earlier.messages)
    assert {"recorded", "quarantined", "unreadable"} <= {each["disposition"] for each in listed}
    one_of_each = {each["disposition"]: each["id"] for each in listed}
    for message_id in one_of_each.values():
        assert earlier.line.object("messages", "show", message_id)["raw"] in sent


def test_what_was_recorded_and_what_follows_reads_as_in_a_new_home(
    earlier: EarlierHome, fresh: CommandLine
) -> None:
    again = earlier.line.object("ingest", homes.file_of(earlier.release, "messages.hl7"))
    assert again["duplicate"] == len(homes.messages(earlier.release, "messages.hl7"))
    later = earlier.line.object("ingest", homes.file_of(earlier.release, "later.hl7"))
    assert later["recorded"] == len(homes.messages(earlier.release, "later.hl7"))
    ours, new = (each.object("projections", "digest") for each in (earlier.line, fresh))
    differing = {name for name in new if ours[name] != new[name]}
    assert differing <= KEEP_THE_READING
    patients = earlier.line.objects("patients", "ls")
    assert patients == fresh.objects("patients", "ls")
    survivor = next(each["merged_into"] for each in patients if each["merged_into"])
    assert encounters(earlier.line, survivor) == encounters(fresh, survivor) != []


def encounters(line: CommandLine, patient_id: str) -> list[dict[str, Any]]:
    """Return the encounters of a timeline without the ids of events, which each home draws."""
    found = line.object("timeline", patient_id)["encounters"]
    for encounter in found:
        for location in encounter["locations"]:
            del location["event_id"]
    return list(found)


@pytest.mark.kafka
def test_a_topic_that_the_upgraded_home_has_lost_is_published_again(earlier: EarlierHome) -> None:
    report = earlier.line.object("audit", "reconcile")
    assert report["equal"]
    assert report["published"] == report["store"] >= 25
    # The records of 0.1.0 have no MAC, so the upgrade has begun a new generation.
    (topic,) = earlier.line.objects("topics", "ls")
    assert topic["name"] == "care.events.v1.g2"


def test_a_schema_newer_than_the_code_is_refused_and_nothing_is_changed(
    earlier: EarlierHome,
) -> None:
    with psycopg.connect(earlier.url, autocommit=True) as connection:
        connection.execute(
            "insert into es.migration (number, name, checksum) values (9999, 'later', '')"
        )
        try:
            later = homes.file_of(earlier.release, "later.hl7")
            refused = earlier.line.refused("ingest", later)
            doctor = earlier.line.run("doctor", "--json", exit_code=1)
        finally:
            connection.execute("delete from es.migration where number = 9999")
    findings = {each["check"]: each for each in map(json.loads, doctor.splitlines())}
    assert "newer release" in refused
    assert f"caretrail: {findings['database']['words']}" == refused.strip()
    assert [name for name, each in findings.items() if not each["ok"]] == ["database"]
