"""Read received messages again: which messages, in which batches, and with which profiles."""

from collections.abc import Callable, Iterator
from typing import Final

from caretrail.bootstrap import Application
from caretrail.intake import reading_context
from commands.reread_messages import MessageChange
from consumers.rereading import MessageRereading, RereadTotals
from domain.ids import MessageId
from infra.messages import MessageArchive, MessageFilters

#: Limits for the messages of one batch, which are in memory together.
_MESSAGES: Final = 200
_BYTES: Final = 8 << 20


def reread(
    application: Application,
    archive: MessageArchive,
    filters: MessageFilters,
    *,
    dry_run: bool,
    found: Callable[[MessageChange], None] = lambda _change: None,
    done: Callable[[int], None] = lambda _count: None,
) -> RereadTotals:
    """Read messages again with the profiles of today; record what differs unless it is a dry run.

    Args:
        application: The open home.
        archive: Its received messages.
        filters: Which of them.
        dry_run: Whether nothing is recorded.
        found: Called with each change, after it is recorded.
        done: Called after each batch with the number of messages so far.

    Raises:
        StoreUnavailable: The database does not answer. Run it again.
    """
    rereading = MessageRereading(
        context=reading_context(application, arrived_by="", keep=not dry_run),
        readings=application.store.readings,
        profile_content=archive.profile_content,
    )
    return rereading.run(_batches(archive, filters), dry_run=dry_run, found=found, done=done)


def _batches(archive: MessageArchive, filters: MessageFilters) -> Iterator[list[MessageId]]:
    """Return the ids of the messages that are there now, in batches of bounded size."""
    newest = next((each.message_id for each in archive.ls(limit=1)), None)
    batch: list[MessageId] = []
    size = 0
    after: MessageId | None = None
    while newest is not None:
        page = archive.chosen(filters, after=after, upto=newest, limit=_MESSAGES)
        for each in page:
            if batch and (len(batch) == _MESSAGES or size + each.size > _BYTES):
                yield batch
                batch, size = [], 0
            batch.append(each.message_id)
            size += each.size
        if len(page) < _MESSAGES:
            break
        after = page[-1].message_id
    if batch:
        yield batch
