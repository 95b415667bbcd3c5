"""``demo``: a service with a synthetic week of data, in a home of its own."""

import shutil
import sys
import time
from argparse import Namespace
from collections import Counter
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Final

from pydantic import SecretStr

from caretrail.bootstrap import opened
from caretrail.cli.output import line, note
from caretrail.demo_care.telling import CareTelling
from caretrail.demo_patients import WHAT_TO_SEE
from caretrail.failure import Failed
from caretrail.feed import feed
from caretrail.generate import DemoWeek, demo_week, profiles_toml
from caretrail.generate.story_parts import when
from caretrail.progress import progress
from caretrail.running_service import running_service
from caretrail.service import Service
from caretrail.sign_in_link import sign_in_link
from caretrail.signals import until_told
from caretrail.stories import keep_stories, stories_of
from domain.ids import DEVELOPMENT_KEY
from infra import log, settings
from infra.atomic_file import write_atomically
from infra.kafka_server import KafkaServer
from infra.postgres_binaries import psql
from infra.postgres_server import PostgresServer
from infra.settings import Settings

ZONE: Final = "America/Chicago"
_MLLP: Final = 2575
_PAGES: Final = 8600
#: The days from 2 to 10 March: when one begins, the demo records the work of people until then.
_DAYS: Final = 9


def demo(options: Namespace) -> int:
    """Start the service, send the week if the home does not hold it, print where to look; serve."""
    started = time.monotonic()
    chosen = settings.load()
    home = chosen.home / "demo"
    _refuse_second(home)
    if options.reset:
        _delete(home)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    week = demo_week()
    ours = chosen.with_brokers(None).model_copy(
        update={
            "home": home,
            # The demo never uses the servers and keys of a real installation.
            "database_url": None,
            "keys_database_url": None,
            # Two demos derive the same ids, so the documentation can name them.
            "id_key": SecretStr(DEVELOPMENT_KEY.hex()),
            "key_file": None,
            "tenant": "demo",
            "topic_prefix": "care",
            "mllp_host": "127.0.0.1",
            "http_host": "127.0.0.1",
            "mllp_tls_certificate": None,
            "profiles": None,
            "mllp_port": chosen.mllp_port or _MLLP,
            "http_port": chosen.http_port or _PAGES,
            "facilities": None,
            "zone": ZONE,
            "now": week.now,  # the dates of its messages are fixed
            "log_level": "warning",
        }
    )
    log.configure("demo", "warning")
    (home / "profiles.toml").write_text(profiles_toml(week), "utf-8")
    write_atomically(ours.now_file, week.now.isoformat())
    names = "".join(f'{each.code} = "{each.title}"\n' for each in week.facilities)
    (home / "facilities.toml").write_text(names, "utf-8")
    service = Service(ours, other_ports=True, say=note)
    with until_told() as stop:
        try:
            service.start(stop)
            watching = Thread(target=service.watch, args=(stop,), daemon=True)
            watching.start()
            if not _is_told(home) and not stop.is_set():
                _tell_week(week, ours, service, stop)
            if not stop.is_set():
                _print_addresses(ours, service, time.monotonic() - started)
            stop.wait()
            note("stopping")
            watching.join()
        finally:
            stop.set()
            service.stop()
    return 0


def _delete(home: Path) -> None:
    """Stop the servers that a killed demo may have left running, then delete its home."""
    if home.exists():
        KafkaServer(home).stop_left()
        PostgresServer(home).stop_left()
        shutil.rmtree(home)


def _refuse_second(home: Path) -> None:
    running = running_service(home)
    if running is not None:
        raise Failed(f"the demo is already running: {running['pages']}")


def _is_told(home: Path) -> bool:
    """Tell whether the home holds the whole week. A demo of an earlier release lacks stories."""
    return {each.title for each in stories_of(home)} >= set(WHAT_TO_SEE)


def _tell_week(week: DemoWeek, ours: Settings, service: Service, stop: Event) -> None:
    """Send the week over MLLP, and at the end of each day record what people did on it.

    So the home records messages and commands in about the order in which they happened. Messages
    and commands that it already holds change nothing.
    """
    messages = list(week.messages)
    ends = [*(when(day, 0) for day in range(_DAYS)), week.now]
    codes = Counter[str]()
    with (
        opened(ours) as application,
        progress("sending the week of seven facilities over MLLP", len(messages)) as shown,
    ):
        telling = CareTelling(application, week.continued)
        sent = 0

        def answered(_code: str) -> None:
            nonlocal sent
            sent += 1
            shown(sent)

        for start, end in pairwise([messages[0].at, *ends]):
            day = [(each.sender, each.data) for each in messages if start <= each.at < end]
            codes += feed(day, ours.mllp_host, service.mllp_port, answered=answered, stop=stop)
            if stop.is_set():
                return
            application.read_models.catch_up(timeout=300)
            telling.tell_until(end)
        application.read_models.catch_up(timeout=300)
        telling.follow_up_others()
        application.read_models.catch_up(timeout=300)
    counted = ", ".join(f"{count} {code or 'not answered'}" for code, count in codes.items())
    note(f"{codes.total()} messages sent: {counted}")
    keep_stories(ours.home, week.interesting)


def _print_addresses(ours: Settings, service: Service, seconds: float) -> None:
    command = Path(sys.argv[0])
    prefix = f"CARETRAIL_HOME={ours.home} {command}"
    line()
    line(f"  {sign_in_link(service.pages, service.database, ours, subject='demo')}")
    line()
    line("The link works once. For another one, use `login` below.")
    line(f"Ready after {seconds:.0f} s. Try these commands in another terminal:")
    line()
    stories = stories_of(ours.home)
    if stories:
        line(f"  {prefix} timeline '{stories[0].number}'")
    line(f"  {prefix} login")
    line(f"  {prefix} census")
    line(f"  {prefix} patients ls --json")
    line(f"  {prefix} messages quarantine")
    line(f"  {prefix} audit reconcile")
    if service.postgres is not None:
        line(f"  {psql(service.postgres.url, '-c', 'table care.census')}")
    line(f"  {prefix} generate --seed 7 --days 1 --to {ours.mllp_host}:{service.mllp_port}")
    line()
    line("Ctrl-C stops the demo and keeps its data. The next `caretrail demo` starts with them.")
    sys.stdout.flush()
