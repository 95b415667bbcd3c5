"""Messages that are read again: what changes is what a home with the new profile would have."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest

from caretrail.rereading import reread
from commands.ports.intake import Disposition
from commands.reread_messages import MessageChange
from consumers.rereading import RereadTotals
from infra.messages import MessageArchive, MessageFilters
from tests import servers
from tests.consumers.hl7v2.adt import adt, pv1
from tests.stories.installation import Installation, installation

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
#: These hold every event of the log, so they tell that messages were read again.
OF_THE_LOG = {"audit_trail", "last_seen", "substrate", "course"}
ANY = MessageFilters()


def patient(number: str, others: str = "", account: str = "") -> str:
    return f"PID|1||{number}^^^MERCY^MR{others}||DOE^JANE||19510602|F|||||||||{account}"


NATIONAL = "~9434765919^^^NHS^NH"
FEED = [
    adt("A01", pid=patient("1", NATIONAL, "ACC1"), msh={10: "M1", 7: "20260301143205"}),
    adt(
        "A02",
        pid=patient("1", NATIONAL, "ACC1"),
        visit=pv1(f3="5E^510^B^GEN"),
        evn="EVN||20260301153201",
        msh={10: "M2", 7: "20260301153205"},
    ),
    adt(
        "A03",
        pid=patient("1", "", "ACC1"),
        visit=pv1(f45="20260301180000"),
        evn="EVN||20260301183201",
        msh={10: "M3", 7: "20260301183205"},
    ),
    adt("A04", pid=patient("2", NATIONAL, "ACC2"), visit=pv1(f19="V2"), msh={10: "M4"}),
    adt("A04", pid=patient("3", "", "ACC3"), visit=pv1(f19="V3"), msh={10: "M5"}),
    adt(
        "A40",
        "MRG|4^^^MERCY^MR",
        pid=patient("3", "", "ACC3"),
        visit="",
        msh={10: "M6", 7: "20260301200000"},
    ),
    # Without a number of a patient, as the default profile reads it.
    adt("A01", pid="PID|1|||||DOE^JIM||19620703|M|||||||||ACC9", msh={10: "M7"}),
    adt("Z99", msh={10: "M8", 9: "ADT^Z99"}),
]
BEFORE = '[sender.mercy]\nmatch = [{ facility = "MERCY" }]\n'
#: Each changes how the feed is read.
PROFILES = {
    "zone": 'zone = "America/Chicago"\n',
    "visit number": 'visit_number = ["PID-18", "PV1-19"]\n',
    "trusted": 'trusted = [{ authority = "NHS" }]\n',
    "authority": 'authority_aliases = { MERCY = "MERCY-HOSPITAL" }\n',
    "all": 'zone = "America/Chicago"\nvisit_number = "PID-18"\ntrusted = [{ authority = "NHS" }]\n'
    'authority_aliases = { MERCY = "MERCY-HOSPITAL" }\nclasses = { I = "OBSENC" }\n',
}


@dataclass(frozen=True)
class Homes:
    """Databases and folders of homes, which are opened with one profile after the other."""

    server: str
    template: str
    folder: Path
    made: dict[str, dict[str, tuple[int, str]]]

    @contextmanager
    def opened(self, database: str, profile: str) -> Iterator[tuple[Installation, MessageArchive]]:
        file = self.folder / f"{token_hex(4)}.toml"
        file.write_text(BEFORE + profile)
        with (
            installation(database, self.folder / database[-12:].strip("/"), file) as home,
            MessageArchive(home.application.url, home.application.keys) as archive,
        ):
            yield home, archive

    def clean(self, profile: str) -> dict[str, tuple[int, str]]:
        """Return the content of a new home that receives the messages with a profile."""
        if profile not in self.made:
            self.made[profile] = self._content(profile)
        return self.made[profile]

    def _content(self, profile: str) -> dict[str, tuple[int, str]]:
        name = f"test_{token_hex(6)}"
        database = servers.create_database(self.server, name, self.template)
        try:
            with self.opened(database, profile) as (home, _):
                home.hear(FEED)
                return shown(home)
        finally:
            servers.drop_database(self.server, name)


@pytest.fixture(scope="module")
def homes(server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Homes:
    return Homes(server, template_database, tmp_path_factory.mktemp("homes"), {})


def shown(home: Installation) -> dict[str, tuple[int, str]]:
    found = home.digests()
    return {name: each for name, each in found.items() if name not in OF_THE_LOG}


def run(
    home: Installation,
    archive: MessageArchive,
    filters: MessageFilters = ANY,
    *,
    dry_run: bool = False,
) -> tuple[RereadTotals, list[MessageChange]]:
    found: list[MessageChange] = []
    totals = reread(home.application, archive, filters, dry_run=dry_run, found=found.append)
    home.application.read_models.catch_up()
    return totals, found


@pytest.mark.parametrize("then", PROFILES)
@pytest.mark.parametrize("before", ["none", "all"])
def test_the_content_is_that_of_a_home_with_the_new_profile(
    database: str, homes: Homes, before: str, then: str
) -> None:
    first, second = PROFILES.get(before, ""), PROFILES[then]
    with homes.opened(database, first) as (home, _):
        home.hear(FEED)
    with homes.opened(database, second) as (home, archive):
        totals, _ = run(home, archive)
        assert totals.read == len(FEED)
        assert shown(home) == homes.clean(second)
        again, changes = run(home, archive)
        assert (again.events, again.unchanged, changes) == (0, len(FEED), [])
        whole = home.digests()
        with home.application.connect() as connection:
            newest = home.application.store.max_index()
            home.application.read_models.rebuild(connection, [], newest)
        assert home.digests() == whole


def test_a_reading_back_gives_the_first_content_again(database: str, homes: Homes) -> None:
    with homes.opened(database, "") as (home, _):
        home.hear(FEED)
        before = shown(home)
    contents = []
    for profile in (PROFILES["all"], ""):
        with homes.opened(database, profile) as (home, archive):
            totals, _ = run(home, archive)
            assert totals.events
            contents.append(shown(home))
    assert contents[-1] == before


def test_a_dry_run_changes_nothing_and_says_what_would_change(
    database: str, homes: Homes, connection: psycopg.Connection
) -> None:
    def rows() -> list[tuple[int, ...]]:
        return connection.execute(
            "select (select count(*) from es.event), (select count(*) from intake.reading),"
            " (select count(*) from intake.profile), (select count(*) from es.subject_key)"
        ).fetchall()

    with homes.opened(database, "") as (home, _):
        home.hear(FEED)
    before = rows()
    with homes.opened(database, PROFILES["zone"]) as (home, archive):
        totals, found = run(home, archive, dry_run=True)
        assert rows() == before
        recorded, changes = run(home, archive)
        assert rows() != before
    assert totals == recorded
    assert totals.changed == totals.events == 6
    assert [each.statements for each in found] == [each.statements for each in changes]
    assert {"sent", "entered"} <= totals.differs.keys()


def test_an_earlier_known_at_shows_the_earlier_reading(database: str, homes: Homes) -> None:
    people = ["MERCY|1", "MERCY|2", "MERCY|3"]
    with homes.opened(database, "") as (home, _):
        home.hear(FEED)
        index = home.application.store.max_index()
        before = [home.reader.patient(each, known_at=index) for each in people]
    with homes.opened(database, PROFILES["all"]) as (home, archive):
        run(home, archive)
        then = [home.reader.patient(each, known_at=index) for each in people]
        for one, other in zip(before, then, strict=True):
            assert one is not None
            assert other is not None
            assert (other.patient, other.numbers) == (one.patient, one.numbers)
            assert {each.event_id for each in other.filed.values()} == {
                each.event_id for each in one.filed.values()
            }
        # What was given out before still finds the patient of today.
        assert before[0] is not None
        encounter = before[0].patient.encounters[0].statements[0]
        today = home.reader.patient("MERCY-HOSPITAL|1")
        assert today is not None
        for opaque in (encounter, before[0].patient.patient_id):
            found = home.reader.patient(opaque)
            assert found is not None
            assert found.patient.patient_id == today.patient.patient_id
        assert today.former_refs[encounter] == today.patient.encounters[0].statements[0]


def test_a_message_in_quarantine_that_reads_well_is_released(database: str, homes: Homes) -> None:
    nameless = adt("A01", pid="PID|1|7^^^MERCY^MR|||", msh={10: "Q1"}, evn=None)
    unusable = adt("A01", pid=patient("8").replace("8^^^MERCY^MR", "XYZ8"), msh={10: "Q2"})
    with homes.opened(database, 'placeholders = ["XYZ8"]\n') as (home, archive):
        (_, outcome) = home.hear([nameless, unusable])
        assert outcome.disposition is Disposition.QUARANTINED
    with homes.opened(database, "") as (home, archive):
        filters = MessageFilters(disposition=Disposition.QUARANTINED)
        totals, (change,) = run(home, archive, filters)
        assert (totals.released, totals.events) == (1, 1)
        assert totals.released_from == {"quarantined no_patient_identifier": 1}
        listed = archive.show(outcome.message_id)
        assert (listed.message.disposition, listed.message.reading) == (Disposition.RECORDED, 2)
        assert [each.event_id for each in listed.events] == [
            each.event_id for each in change.reading.message.drafts
        ]
        assert archive.counts()[Disposition.QUARANTINED] == totals.unchanged == 1
        assert home.reader.patient(change.reading.message.drafts[0].core.record) is not None
        (resent,) = home.hear([unusable])
        assert (resent.disposition, resent.first) == (
            Disposition.DUPLICATE,
            Disposition.RECORDED,
        )


RUNNER = """
import sys
from pathlib import Path
from caretrail import rereading
from infra.messages import MessageArchive, MessageFilters
from tests.stories.installation import installation

rereading._MESSAGES = 3
with installation(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])) as home:
    with MessageArchive(home.application.url, home.application.keys) as archive:
        print("started", flush=True)
        rereading.reread(
            home.application, archive, MessageFilters(), dry_run=False,
            done=lambda count: print(count, flush=True),
        )
"""


def test_a_run_that_is_killed_is_run_again(
    database: str, homes: Homes, connection: psycopg.Connection
) -> None:
    many = [
        adt("A04", pid=patient(str(number)), visit=pv1(f19=f"V{number}"), msh={10: f"K{number}"})
        for number in range(1, 61)
    ]
    with homes.opened(database, "") as (home, _):
        home.hear(many)
        folder = home.application.settings.home
    profile = homes.folder / "then.toml"
    profile.write_text(BEFORE + PROFILES["zone"])
    for lines in (1, 2, 5, 9):
        command = [sys.executable, "-c", RUNNER, database, str(folder), str(profile)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as runner:
            assert runner.stdout is not None
            for _ in range(lines):
                runner.stdout.readline()
            runner.kill()
    with homes.opened(database, PROFILES["zone"]) as (home, archive):
        run(home, archive)
        again, _ = run(home, archive)
    assert again.unchanged == len(many)
    counted = connection.execute(
        "select count(*), count(distinct message_id), max(number),"
        " (select count(*) from es.event) from intake.reading"
    ).fetchone()
    # The first event of a store is its default protocol.
    assert counted == (len(many), len(many), 2, 1 + 2 * len(many))
