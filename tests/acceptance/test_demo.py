"""``caretrail demo`` as a new user meets it: with the tutorial, stopped, started again."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.request import OpenerDirector, build_opener

import pytest

from caretrail import demo_patients as titles
from caretrail.demo_care.stories import STORIES
from caretrail.stories import stories_of
from infra.ports import free_ports
from tests import homes
from tests.acceptance.command_line import CARETRAIL, CommandLine, SameProcess
from tests.acceptance.page_times import now_of, times_after
from tests.acceptance.service import RunningService
from tests.documentation.console import console, variables
from tests.signed_in import signed_in_opener

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.timeout(600)]

LINK = re.compile(r"^  ((http://127\.0\.0\.1:\d+)/ui/login\?link=[-\w]+)$", re.MULTILINE)


class Demo:
    def __init__(self, process: "subprocess.Popen[bytes]", output: Path, errors: Path) -> None:
        self.process = process
        self._output, self._errors = output, errors
        self._opener: OpenerDirector | None = None

    def said(self) -> str:
        return self._output.read_text() + self._errors.read_text()

    def page(self, seconds: float = 240) -> str:
        """Wait until it says where its pages are; return that."""
        return self._link(seconds)[2]

    def browser(self) -> OpenerDirector:
        """Return an opener that has followed the link that the demo printed; it works once."""
        if self._opener is None:
            self._opener = signed_in_opener(self._link()[1])
        return self._opener

    def _link(self, seconds: float = 240) -> re.Match[str]:
        deadline = time.monotonic() + seconds
        while not (found := LINK.search(self._output.read_text())):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        return found


@contextmanager
def demo(line: CommandLine, *, command: list[str | Path] | None = None) -> Iterator[Demo]:
    folder = line.home.parent
    output, errors = folder / "output", folder / "errors"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            command or [CARETRAIL, "demo"], env=line.variables, stdout=out, stderr=err
        )
    try:
        yield Demo(process, output, errors)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(240)


def assert_nothing_is_left(home: Path) -> None:
    assert RunningService(CommandLine(home)).left_behind() == []


def get(browser: OpenerDirector, url: str) -> str:
    with browser.open(url, timeout=60) as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def user() -> Iterator[Path]:
    """The folder of a new user."""
    with homes.new_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def line(user: Path) -> CommandLine:
    """The command line of a new user. The folder of the demo is the one that the tutorial names."""
    # Another run may start a demo at the same instant, with the ports of every demo.
    mllp, http = free_ports(2)
    ports = {"CARETRAIL_MLLP_PORT": str(mllp), "CARETRAIL_HTTP_PORT": str(http)}
    home = user / ".local" / "share" / "caretrail"
    home.mkdir(parents=True)
    return CommandLine(home, {**variables(user), **ports})


@pytest.fixture(scope="module")
def first(line: CommandLine) -> Iterator[Demo]:
    """The first start of a demo, which sends the week."""
    with demo(line) as started:
        started.page()
        yield started


class Told:
    """The stories of a demo, and the command line of its home."""

    def __init__(self, home: Path) -> None:
        self.demo = SameProcess(home)
        self.stories = {each.title: each for each in stories_of(home)}
        self._timelines: dict[str, dict[str, Any]] = {}

    def timeline(self, title: str) -> dict[str, Any]:
        """Return the timeline of the patient of a story."""
        if title not in self._timelines:
            self._timelines[title] = self.demo.object("timeline", self.stories[title].number)
        return self._timelines[title]

    def patient(self, title: str) -> str:
        """Return the id of the patient of a story."""
        return str(self.timeline(title)["patient_id"])


@pytest.fixture(scope="module")
def told(line: CommandLine, first: Demo) -> Told:
    first.page()
    return Told(line.home / "demo")


@pytest.mark.parametrize("nth", [10, pytest.param(1, marks=pytest.mark.soak)])
def test_no_page_of_the_demo_shows_a_time_after_its_now(first: Demo, nth: int) -> None:
    pages = every_page(first.browser(), first.page(), nth)
    now = now_of(pages["/"])
    assert len([each for each in pages if each.startswith("/ui/patients/")]) > 600 // nth
    late = {address: times_after(html, now) for address, html in pages.items()}
    assert {address: times for address, times in late.items() if times} == {}


def test_the_work_list_of_the_demo_begins_with_the_overdue_call(told: Told) -> None:
    people = told.demo.object("work", "ls")["people"]
    assert [each["patient_id"] for each in people[:2]] == [
        told.patient(titles.OVERDUE_CALL), told.patient(titles.NEVER_ANSWERED),
    ]  # fmt: skip
    call, unanswered = (each["items"][0] for each in people[:2])
    assert (call["duty"], call["due_on"], call["urgent"]) == (
        "transition.contact", "2026-03-09", True,
    )  # fmt: skip
    assert 0 < call["overdue_by"] < 86_400
    assert unanswered["duty"] == "referral.acknowledge.routine"
    assert unanswered["claimed_by"]["person"] == "lpc-coordinator-1"
    others = [item for each in people[2:] for item in each["items"]]
    assert not any(each["overdue"] for each in others)
    assert any(each["due_today"] for each in others)
    owed = {each["patient_id"] for each in people}
    assert told.patient(titles.DIED) not in owed
    assert told.patient(titles.NOT_FOLLOWED_UP) not in owed


def test_each_story_of_the_demo_is_as_its_title_says(told: Told) -> None:
    (unanswered,) = told.timeline(titles.NEVER_ANSWERED)["activities"]["referral"]
    assert unanswered["state"] == "requested"
    (rebooked,) = told.timeline(titles.REBOOKED)["activities"]["referral"]
    assert (rebooked["state"], rebooked["need_met"]) == ("closed", "yes")
    revised = told.timeline(titles.REVISED)
    (plan,) = revised["activities"]["care_plan"]
    assert (plan["state"], plan["revision"]) == ("active", 1)
    assert [each["state"] for each in revised["transitions"]] == ["completed"]
    died = told.timeline(titles.DIED)
    assert [(each["state"], each["cause"]) for each in died["transitions"]] == [
        ("closed", "deceased")
    ]
    assert [each["state"] for each in died["activities"]["referral"]] == ["cancelled"]
    (first,) = told.timeline(titles.NOT_FOLLOWED_UP)["transitions"]
    assert first["state"] == "suspended"
    assert not any(each["done_at"] for each in first["steps"] if each["step"] == "contact")


def test_each_step_of_the_stories_says_who_took_it_and_why(told: Told) -> None:
    for title, steps in STORIES.items():
        entries = [each for each in told.timeline(title)["entries"] if each["stream"]]
        assert [datetime.fromisoformat(each["happened_at"]) for each in entries] == [
            each.at for each in steps
        ]
        for entry, step in zip(entries, steps, strict=True):
            assert entry["actor"]["issuer"] == "local"
            assert (entry["actor"]["subject"], entry["actor"]["role"]) == (
                step.who.subject, step.who.role,
            )  # fmt: skip
            assert entry["actor"]["purpose"] in {"CAREMGT", "TREAT"}


def test_the_first_page_links_to_each_story(first: Demo, told: Told) -> None:
    shown = unescape(get(first.browser(), first.page()))
    assert len(told.stories) == shown.count('class="story"') == 20
    for story in told.stories.values():
        href = f'href="/ui/patients/{told.patient(story.title)}"'
        assert f"{href}><b>{story.title}</b>" in shown
        assert story.what_to_see in shown


def test_the_pages_of_the_stories_show_a_death_and_call_nothing_late(
    first: Demo, told: Told
) -> None:
    pages = {
        title: get(first.browser(), f"{first.page()}/ui/patients/{told.patient(title)}")
        for title in (titles.DIED, titles.OVERDUE_CALL)
    }
    assert "Died after the discharge" in pages[titles.DIED]
    assert "Nothing is owed to this patient" in pages[titles.DIED]
    assert "discharged and not called" in pages[titles.OVERDUE_CALL]
    # It was all recorded long after the present of the demo.
    assert not any("Late:" in html for html in pages.values())


def test_the_tutorial(first: Demo, user: Path) -> None:
    first.page()
    environment = variables(user)
    alone = {"CARETRAIL_KAFKA": "false", "CARETRAIL_MLLP_PORT": "0", "CARETRAIL_HTTP_PORT": "0"}
    mercy = RunningService(CommandLine(user / "mercy", {**environment, **alone}))
    replaced: dict[str, str] = {}

    def start(name: str) -> None:
        if name == "serve":  # the demo of the page runs
            mercy.start()
            replaced["127.0.0.1:2575"] = ":".join(map(str, mercy.mllp))

    try:
        with console(user, environment) as shell:
            shell.follow("tutorial.md", start=start, replaced=replaced)
    finally:
        mercy.stop()


def test_a_demo_starts_again_however_it_was_stopped(line: CommandLine, first: Demo) -> None:
    home = line.home
    ours = SameProcess(home / "demo")

    page = first.page()
    assert "Stories worth opening" in get(first.browser(), page)
    assert '"ready"' in get(build_opener(), f"{page}/readyz")
    told = re.search(r"timeline '([^']+)'", first.said())
    assert told is not None
    assert len(ours.object("timeline", told[1])["encounters"]) > 3
    counted = len(ours.objects("messages", "ls", "--limit", "100000"))
    assert f"the demo is already running: {page}" in line.refused("demo")
    first.process.kill()
    first.process.wait(60)

    # A shell without job control hands SIGINT down to background processes as ignored.
    script = f"'{CARETRAIL}' demo & echo $! > '{home}/pid'; wait"
    with demo(line, command=["sh", "-c", script]) as second:
        assert "Stories worth opening" in get(second.browser(), second.page())
        assert "sending" not in second.said()
        assert len(ours.objects("messages", "ls", "--limit", "100000")) == counted
        os.kill(int((home / "pid").read_text()), signal.SIGINT)
        assert second.process.wait(240) == 0
    assert_nothing_is_left(home)


def every_page(browser: OpenerDirector, site: str, nth: int) -> dict[str, str]:
    """Return the pages of the demo by address: every list, and of patients each ``nth``.

    Of evidence, it is one page for each tenth of these patients.
    """

    def read(addresses: Iterable[str]) -> dict[str, str]:
        wanted = list(dict.fromkeys(addresses))
        with ThreadPoolExecutor(4) as pool:
            return dict(
                zip(
                    wanted,
                    pool.map(lambda each: get(browser, f"{site}{each}"), wanted),
                    strict=True,
                )
            )

    made = read(["/", "/ui/census"])
    older = "/ui/patients"
    while older:
        made[older] = get(browser, f"{site}{older}")
        more = re.search(r'href="(/ui/patients[?]after=[^"]+)">Older', made[older])
        older = unescape(more[1]) if more else ""
    lists = [html for address, html in made.items() if address.startswith("/ui/patients")]
    listed = (each for html in lists for each in re.findall(r"/ui/patients/[-0-9a-f]+", html))
    patients = read(list(dict.fromkeys(listed))[::nth])
    events = [re.search(r"/ui/events/[-0-9a-f]+", html) for html in list(patients.values())[::10]]
    return made | patients | read(found[0] for found in events if found)


def test_a_demo_that_is_told_to_stop_at_once_stops(new_home: Path) -> None:
    with demo(CommandLine(new_home)) as started:
        while "Kafka is starting" not in started.said():
            time.sleep(0.05)
        started.process.send_signal(signal.SIGHUP)
        assert started.process.wait(90) == 0
    assert_nothing_is_left(new_home)
