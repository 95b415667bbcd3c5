"""The checks of ``caretrail doctor``; a failed check says what to do."""

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from caretrail.bootstrap import Application, opened
from caretrail.publishing import refused_records
from consumers.hl7v2 import profiles
from domain.ids import DEVELOPMENT_KEY, IdKey
from infra import topics
from infra.java import NoJava, find
from infra.kafka_jars import cache, key
from infra.postgres_binaries import NoBinaries, binaries, psql
from infra.refused_records import REMEDY
from infra.settings import Settings

_LEAST_FREE: Final = 1 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    ok: bool
    words: str
    warning: bool = False  # it works, and the operator should know something about it


def checkup(settings: Settings) -> Iterator[Finding]:
    """Check everything a home needs. This creates only what a first start would create."""
    version = platform.python_version()
    yield Finding(
        "python", sys.version_info >= (3, 11), f"{version}; caretrail needs 3.11 or newer"
    )
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    yield Finding(
        "disk",
        free > _LEAST_FREE,
        f"{free >> 20} MiB free in {folder}; caretrail needs {_LEAST_FREE >> 20} MiB",
    )
    yield _checked("profiles", lambda: _profiles(settings))
    if settings.database_url is None:
        yield _checked("postgresql", lambda: f"embedded, {binaries()}")
    yield from _opened(settings)
    if settings.kafka_bootstrap_servers:
        yield _checked("kafka", lambda: _brokers(settings))
    else:
        yield _checked("java", lambda: find().version)
        there = (cache() / key()).exists()
        yield Finding(
            "kafka",
            ok=True,
            words="downloaded" if there else "will be downloaded at the first start",
        )


def _checked(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, ok=True, words=look())
    except (NoBinaries, NoJava, profiles.ProfilesInvalid) as error:
        return Finding(check, ok=False, words=str(error))
    except Exception as error:  # noqa: BLE001 - any error is the result of the check
        from caretrail.problems import explanation  # noqa: PLC0415 - imports every part

        return Finding(check, ok=False, words=explanation(error) or type(error).__name__)


def _profiles(settings: Settings) -> str:
    if settings.profiles and not settings.profiles.exists():
        raise profiles.ProfilesInvalid(
            str(settings.profiles), "", "CARETRAIL_PROFILES names a file that does not exist"
        )
    named = profiles.load(settings.profiles_file).named
    if not named:
        return f"no profiles in {settings.profiles_file}; every sender is read with the defaults"
    return ", ".join(sorted(named))


def _brokers(settings: Settings) -> str:
    """Ask the brokers that the settings name, with the credentials that they name."""
    brokers = settings.brokers
    if brokers is None:
        return ""
    topics.ls(brokers, settings.topic_prefix)
    return f"the brokers {brokers.servers} answer"


def _opened(settings: Settings) -> Iterator[Finding]:
    """Check what is in the database."""
    found = list[Finding]()

    def look() -> str:
        with opened(settings) as application:
            found.append(_ids(application.id_key))
            found.append(_topic(application))
            return _database(application)

    yield _checked("database", look)
    yield from found


def _database(application: Application) -> str:
    found = f"answers; {application.store.max_index()} events"
    if application.settings.database_url is None:
        found += f"; while the service runs, connect with: {psql(application.url)}"
    return found


def _topic(application: Application) -> Finding:
    """Say whether readers met records that this installation did not publish."""
    refused = refused_records(application)
    if not refused:
        return Finding("topic", ok=True, words="readers met no record of a stranger")
    count = sum(each.records for each in refused)
    first = refused[0]
    return Finding(
        "topic",
        ok=False,
        words=f"{count} records of {first.topic} were not published by this installation"
        f" ({first.reason}); the first is in partition {first.partition} at offset"
        f" {first.first_offset}. They are in no read model. {REMEDY}",
    )


def _ids(key: IdKey) -> Finding:
    """Say whether the ids of this home can be traced back to record numbers."""
    if key.secret != DEVELOPMENT_KEY:
        return Finding("ids", ok=True, words="derived with a key of this installation")
    return Finding(
        "ids",
        ok=True,
        warning=True,
        words="derived with the key that the documentation prints: a person who sees an id, such as"
        " a Kafka key, can find the record number by trying all numbers. For data of real patients,"
        " make a new home, which draws a key of its own, and send the messages again",
    )
