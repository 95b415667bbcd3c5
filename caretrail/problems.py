"""Failures in words for the person at the command line. What is not listed here is our bug."""

from typing import Final

import psycopg

from caretrail.failure import AlreadyRunning, Failed, RoleFailed
from commands.ports.store import CannotStore, StoreUnavailable
from commands.ports.topic import Halted, TopicUnavailable
from consumers.hl7v2.profiles import ProfilesInvalid, UnknownSender
from domain.events import SegmentDoesNotOpen
from infra.event_store import DevelopmentKey, WrongIdKey
from infra.kafka import SlowChecksums
from infra.kafka_server import KafkaUnavailable
from infra.master_key import MasterKeyUnusable
from infra.migrate import MigrationChanged, SchemaTooNew
from infra.postgres_server import PostgresUnavailable
from infra.settings import BadSettings
from infra.topics import WrongPartitions
from projections.catalogue import NeedsRebuild
from projections.digest import RowDoesNotOpen
from projections.engine.position import OtherIncarnation, PositionsDisagree
from projections.rebuild import RebuildRunning, RowsMissing
from projections.switching import StillRead

#: Their texts say what is wrong and how on, and hold nothing of a message.
_SAID: Final = (
    AlreadyRunning,
    BadSettings,
    DevelopmentKey,
    Failed,
    Halted,
    KafkaUnavailable,
    MasterKeyUnusable,
    MigrationChanged,
    NeedsRebuild,
    OtherIncarnation,
    PositionsDisagree,
    PostgresUnavailable,
    ProfilesInvalid,
    RebuildRunning,
    RoleFailed,
    RowDoesNotOpen,
    RowsMissing,
    SchemaTooNew,
    SegmentDoesNotOpen,
    SlowChecksums,
    StillRead,
    UnknownSender,
    WrongIdKey,
    WrongPartitions,
)


def in_words(error: Exception) -> str | None:  # noqa: PLR0911 - a table of cases
    """Return one line that says what is wrong and how on; None for a failure we did not foresee."""
    if isinstance(error, _SAID):
        return str(error)
    match error:
        case TopicUnavailable():
            return f"Kafka does not answer ({error})"
        case StoreUnavailable() | psycopg.OperationalError():
            return "the database does not answer: see CARETRAIL_DATABASE_URL and its server's log"
        case CannotStore():
            return f"the store refuses this: {error.reason}"
        case TimeoutError():
            return str(error)
        case OSError():
            return f"{error.filename or 'input or output'}: {error.strerror}"
        case _:
            return None
