"""What ``caretrail doctor`` looks at, each with its remedy."""

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from caretrail.bootstrap import opened
from consumers.hl7v2 import profiles
from infra.java import NoJava, find
from infra.kafka_jars import cache, key
from infra.postgres_binaries import NoBinaries, binaries, psql
from infra.settings import Settings

_LEAST_FREE: Final = 1 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    check: str
    ok: bool
    words: str


def checkup(settings: Settings) -> Iterator[Finding]:
    """Look at everything a home needs; nothing is changed but what a first start would make."""
    version = platform.python_version()
    yield Finding("python", sys.version_info >= (3, 11), f"{version}; 3.11 or newer is needed")
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    yield Finding("disk", free > _LEAST_FREE, f"{free >> 20} MiB free for {settings.home}")
    yield _looked("profiles", lambda: _profiles(settings))
    if settings.database_url is None:
        yield _looked("postgresql", lambda: f"embedded, {binaries()}")
    yield _looked("database", lambda: _database(settings))
    if settings.kafka_bootstrap_servers:
        yield Finding("kafka", ok=True, words=f"given: {settings.kafka_bootstrap_servers}")
    else:
        yield _looked("java", lambda: find().version)
        there = (cache() / key()).exists()
        yield Finding("kafka", ok=True, words="fetched" if there else "fetched at the first start")


def _looked(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, ok=True, words=look())
    except (NoBinaries, NoJava, profiles.ProfilesInvalid) as error:
        return Finding(check, ok=False, words=str(error))
    except Exception as error:  # noqa: BLE001 - what a check meets is its result
        from caretrail.problems import in_words  # noqa: PLC0415 - only then

        return Finding(check, ok=False, words=in_words(error) or type(error).__name__)


def _profiles(settings: Settings) -> str:
    if settings.profiles and not settings.profiles.exists():
        raise profiles.ProfilesInvalid(
            str(settings.profiles), "", "CARETRAIL_PROFILES is not there"
        )
    named = profiles.load(settings.profiles_file).named
    if not named:
        return f"none in {settings.profiles_file}: the default reads every sender"
    return f"{len(named)}: {', '.join(sorted(named))}"


def _database(settings: Settings) -> str:
    with opened(settings) as application:
        found = f"answers, {application.store.max_index()} events"
        if settings.database_url is None:
            found += f"; while it runs: {psql(application.url)}"
    return found
