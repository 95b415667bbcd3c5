"""Explain failures to the person at the command line. A failure that is not listed is a bug."""

from typing import Final

import psycopg

from caretrail.failure import AlreadyRunning, Failed, RoleFailed
from caretrail.refusals import refusal_words
from commands.ports.store import CannotStore, RightMissing, StoreUnavailable
from commands.ports.topic import Halted, TopicUnavailable
from consumers.hl7v2.profiles import ProfilesInvalid, UnknownSender
from domain.errors import DomainError
from domain.segments import SegmentDoesNotOpen
from infra.backup import NothingToBackUp
from infra.backup_file import BackupExists, BackupUnusable
from infra.event_store import DevelopmentKey, WrongIdKey
from infra.id_key import IdKeyUnusable
from infra.kafka_clients import SlowChecksums
from infra.kafka_server import KafkaUnavailable
from infra.master_key import MasterKeyUnusable
from infra.migrate import MigrationChanged, RestoreRunning, RestoreUnfinished, SchemaTooNew
from infra.postgres_server import PostgresUnavailable
from infra.restore import StoreInUse, StoreNotEmpty
from infra.restore_keys import KeysDiffer, KeysNeeded
from infra.settings import BadSettings
from infra.topics import WrongPartitions
from projections.engine.digest import RowDoesNotOpen
from projections.engine.generations import NeedsRebuild, RebuildRunning
from projections.engine.position import OtherIncarnation, PositionsDisagree
from projections.engine.switching import StillRead
from projections.rebuilding.missing_rows import RowsMissing

#: Their texts say what is wrong and what to do, and hold no data of a message.
_SELF_EXPLAINED: Final = (
    AlreadyRunning,
    BackupExists,
    BackupUnusable,
    BadSettings,
    DevelopmentKey,
    Failed,
    Halted,
    IdKeyUnusable,
    KafkaUnavailable,
    KeysDiffer,
    KeysNeeded,
    MasterKeyUnusable,
    MigrationChanged,
    NothingToBackUp,
    OtherIncarnation,
    PositionsDisagree,
    PostgresUnavailable,
    ProfilesInvalid,
    RebuildRunning,
    RestoreRunning,
    RestoreUnfinished,
    RoleFailed,
    RowDoesNotOpen,
    RowsMissing,
    SchemaTooNew,
    SegmentDoesNotOpen,
    SlowChecksums,
    StillRead,
    StoreInUse,
    StoreNotEmpty,
    UnknownSender,
    WrongIdKey,
    WrongPartitions,
)


def explanation(error: Exception) -> str | None:  # noqa: PLR0911 - a table of cases
    """Return one line that says what is wrong and what to do; None for an unexpected failure."""
    if isinstance(error, _SELF_EXPLAINED):
        return str(error)
    match error:
        case NeedsRebuild():
            return f"{error}; the service does so at its start: start it, or wait until it is ready"
        case TopicUnavailable():
            return (
                f"Kafka does not answer, or refuses our credentials ({error}): see"
                " CARETRAIL_KAFKA_* and the log of the broker"
            )
        case RightMissing():
            return (
                f"the database does not let caretrail do this: {error}. Grant the right to the"
                " user of CARETRAIL_DATABASE_URL"
            )
        case StoreUnavailable() | psycopg.OperationalError():
            return "the database does not answer: see CARETRAIL_DATABASE_URL and its server's log"
        case DomainError():
            return refusal_words(error)
        case CannotStore():
            return f"the database refuses to store this: {error.reason}"
        case TimeoutError():
            return str(error)
        case OSError():
            return f"{error.filename or 'input or output'}: {error.strerror}"
        case _:
            return None
