"""Read messages that will be recorded: with which profiles, ids and limits."""

from caretrail.bootstrap import Application
from consumers.hl7v2 import profiles
from consumers.hl7v2.limits import MessageLimits
from consumers.hl7v2.translate import ReadingContext
from domain.body import Actor
from infra import clock


def reading_context(
    application: Application,
    *,
    arrived_by: str,
    sender: str = "",
    keep: bool = True,
    backfill: bool = False,
) -> ReadingContext:
    """Return the context in which messages are read.

    The store keeps the versions of the profiles first, because recorded messages name them.

    Args:
        application: The open home.
        arrived_by: The way by which the messages arrive.
        sender: Chooses a profile by name.
        keep: Whether messages will be recorded, so that the versions of the profiles are kept.
        backfill: Whether the messages are of a backlog, so that no work is owed because of them.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    for name in {profiles.DEFAULT, *application.profiles.named} if keep else ():
        profile = application.profiles[name]
        application.store.keep_profile(
            profile.version, name=name, content=profile.canonical.decode()
        )
    return ReadingContext(
        id_key=application.id_key,
        profiles=application.profiles,
        new_id=clock.new_id,
        arrived_by=arrived_by,
        sender=sender,
        actor=Actor(kind="feed", issuer=arrived_by),
        limits=MessageLimits(
            statements=application.settings.message_max_statements,
            sealed=application.settings.message_max_sealed,
        ),
        backfill=backfill,
    )
