"""Seal and open segments under the data key of their subject; each subject has exactly one.

A subject gets its key in the transaction of its first event. So no event exists without a durable
key, and no second commit is needed. Sealing happens before that transaction: for a subject that it
does not know, a writer *proposes* an unused key and seals with it. If the subject has a key by
then, the transaction refuses the proposed one; the writer adopts the existing key and seals again.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Final
from uuid import UUID
from weakref import WeakValueDictionary

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection, Cursor
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from commands.ports.store import CannotStore, StoreUnavailable
from domain.body import PlainSegment, SealedSegment, SegmentClass
from domain.ids import RecordId
from domain.segments import SegmentDoesNotOpen
from infra import entropy
from infra.data_keys import DataKeys, open_data_keys
from infra.postgres import pool, reachable
from infra.sealing import (
    ENTROPY,
    NONCE,
    Box,
    DoesNotOpen,
    associated,
    decrypt,
    derive,
    encrypt,
    from_text,
    seal,
    to_text,
    unseal,
)
from projections.engine.arrays import array

__all__ = ["SealingKeys", "SegmentDoesNotOpen", "SubjectKeys", "open_keys"]

#: Most subjects whose keys stay in memory, about half a KB each.
REMEMBERED: Final = 4_096
_MESSAGE: Final[SegmentClass] = "message"


class _SubjectKey:
    """The data key of one subject."""

    __slots__ = ("__weakref__", "data_key", "key_id", "proposed")

    def __init__(self, key_id: int, data_key: bytes, *, proposed: bool = False) -> None:
        self.key_id = key_id
        self.data_key = data_key
        self.proposed = proposed  # it is not known yet whether the subject has this key

    def cipher(self, segment: SegmentClass) -> AESGCM:
        return _cipher(self.data_key, segment)


@lru_cache(maxsize=512)  # several KB each; a subject's messages often follow each other closely
def _cipher(data_key: bytes, segment: SegmentClass) -> AESGCM:
    return AESGCM(derive(data_key, segment))


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """The keys with which the segments of some subjects are sealed; some are only proposed."""

    by_subject: Mapping[RecordId, _SubjectKey] = field(repr=False)

    def proposed(self) -> dict[RecordId, int]:
        """Return the ids of the proposed keys, which the transaction must assign, by subject."""
        return {each: key.key_id for each, key in self.by_subject.items() if key.proposed}

    def seal(self, plain: PlainSegment, *, event_id: str, topic: str) -> SealedSegment:
        """Seal a segment of an event."""
        box = seal(
            self.by_subject[plain.subject].cipher(plain.segment),
            plain.text,
            about=associated(event_id, plain.subject, plain.segment, topic),
            entropy=entropy.take(ENTROPY),
        )
        return SealedSegment(
            subject=plain.subject,
            segment=plain.segment,
            commitment=box.commitment.hex(),
            box=to_text(box.data),
        )

    def seal_message(self, raw: bytes, *, message_id: str, subjects: Sequence[RecordId]) -> Box:
        """Seal the bytes of a message once for each subject that it names.

        The layer of the first subject is the innermost one. Without the key of any one subject the
        bytes cannot be opened.
        """
        first, *others = subjects
        box = seal(
            self.by_subject[first].cipher(_MESSAGE),
            raw,
            about=associated(message_id, first, _MESSAGE),
            entropy=entropy.take(ENTROPY),
        )
        data = box.data
        for each in others:
            data = encrypt(
                self.by_subject[each].cipher(_MESSAGE),
                data,
                about=associated(message_id, each, _MESSAGE),
                nonce=entropy.take(NONCE),
            )
        return Box(data, box.commitment)


class SubjectKeys:
    """The keys of all subjects; the last used ones stay in memory. Safe for threads.

    A proposed key stays in memory as long as a ``SealingKeys`` has it, so that all messages that
    wait to be recorded propose the same key for a subject.

    Raises:
        StoreUnavailable: From every method that fetches a key, if the database does not answer.
    """

    def __init__(
        self,
        store: ConnectionPool[Connection[TupleRow]],
        data_keys: DataKeys,
        *,
        remember: int = REMEMBERED,
    ) -> None:
        self._store = store
        self._data_keys = data_keys
        self._remember = remember
        self._remembered = OrderedDict[RecordId, _SubjectKey]()  # the last used at the end
        self._proposed = WeakValueDictionary[RecordId, _SubjectKey]()
        self._spare = list[tuple[int, bytes]]()
        self._lock = Lock()

    def open(self, sealed: SealedSegment, *, event_id: str, topic: str) -> bytes:
        """Return the text of a sealed segment.

        Raises:
            SegmentDoesNotOpen: The key is destroyed, or the segment was changed or moved.
        """
        try:
            return unseal(
                self._cipher(sealed.subject, sealed.segment),
                from_text(sealed.box),
                about=associated(event_id, sealed.subject, sealed.segment, topic),
                commitment=bytes.fromhex(sealed.commitment),
            )
        except (DoesNotOpen, ValueError):
            raise SegmentDoesNotOpen(
                event_id=event_id, subject=sealed.subject, segment=sealed.segment
            ) from None

    def open_message(self, box: Box, *, message_id: str, subjects: Sequence[RecordId]) -> bytes:
        """Return the bytes of a message that ``SealingKeys.seal_message`` has sealed.

        Raises:
            SegmentDoesNotOpen: See ``open``.
        """
        first, *others = subjects
        data, inner = box.data, first
        try:
            for inner in reversed(others):
                about = associated(message_id, inner, _MESSAGE)
                data = decrypt(self._cipher(inner, _MESSAGE), data, about=about)
            inner = first
            return unseal(
                self._cipher(first, _MESSAGE),
                data,
                about=associated(message_id, first, _MESSAGE),
                commitment=box.commitment,
            )
        except DoesNotOpen:
            raise SegmentDoesNotOpen(event_id=message_id, subject=inner, segment=_MESSAGE) from None

    def warm(self, subjects: Iterable[RecordId]) -> None:
        """Fetch the keys of many subjects together, in place of proposed keys if there are any."""
        with self._lock:
            wanted = [each for each in set(subjects) if self._confirmed(each) is None]
        for at in range(0, len(wanted), self._remember):
            self._fetch(wanted[at : at + self._remember])

    def for_sealing(self, subjects: Collection[RecordId], *, may_wait: bool = True) -> SealingKeys:
        """Return a key for each subject: its own key if we know it, else a proposed one.

        A key stays proposed until ``confirm`` or ``adopt`` is called. So a transaction whose
        outcome is not known can simply be repeated with the same ``SealingKeys``.

        Args:
            subjects: The subjects of the segments.
            may_wait: Whether unused keys may be fetched from the database.

        Raises:
            StoreUnavailable: No unused keys are in memory, and none may or can be fetched.
        """
        while True:
            with self._lock:
                keys = {each: key for each in subjects if (key := self._known(each))}
                missing = [each for each in subjects if each not in keys]
                if len(missing) <= len(self._spare):
                    for each in missing:
                        key_id, data_key = self._spare.pop()
                        key = _SubjectKey(key_id, data_key, proposed=True)
                        keys[each] = self._proposed[each] = key
                    return SealingKeys(keys)
            if not may_wait:
                raise StoreUnavailable("NoKeysAtHand")
            self._fetch_spare(max(_BLOCK, len(missing)))

    def confirm(self, proposed: Mapping[RecordId, int]) -> None:
        """Note that these proposed keys are committed as the keys of their subjects."""
        with self._lock:
            for subject, key_id in proposed.items():
                key = self._proposed.get(subject)
                if key is not None and key.key_id == key_id:
                    key.proposed = False
                    self._remembered[subject] = self._proposed.pop(subject)
            self._forget()
            short = _BLOCK - len(self._spare)
        if short > _BLOCK // 2:
            # Fetch unused keys now, because the database has just answered and no sender waits.
            with suppress(StoreUnavailable):
                self._fetch_spare(short)

    def adopt(self, taken: Mapping[RecordId, int]) -> None:
        """Use the existing keys of subjects for which we had proposed others.

        Raises:
            CannotStore: A key was destroyed, so nothing can be sealed for its subject.
        """
        if self._load(taken).keys() < taken.keys():
            raise CannotStore("key_destroyed")

    def derived(self, purpose: str) -> bytes:
        """Return a key of this installation for one purpose; see ``DataKeys.derived``."""
        return self._data_keys.derived(purpose)

    def close(self) -> None:
        """Give back the unused keys; if the database does not answer, they stay unused."""
        with self._lock:
            spare, self._spare = self._spare, []
        if not spare:
            return
        with suppress(StoreUnavailable):
            self._data_keys.give_back(key_id for key_id, _ in spare)

    def _cipher(self, subject: RecordId, segment: SegmentClass) -> AESGCM:
        with self._lock:
            key = self._confirmed(subject)
        if key is None:
            fetched = self._fetch([subject])
            if subject not in fetched:
                raise DoesNotOpen
            key = fetched[subject]
        return key.cipher(segment)

    def _confirmed(self, subject: RecordId) -> _SubjectKey | None:
        """Return the key of a subject from memory, unless it is only proposed."""
        key = self._remembered.get(subject)
        if key is not None:
            self._remembered.move_to_end(subject)
        return key

    def _known(self, subject: RecordId) -> _SubjectKey | None:
        """Return the key of a subject from memory, even if it is only proposed."""
        return self._confirmed(subject) or self._proposed.get(subject)

    def _forget(self) -> None:
        """Forget the least recently used keys."""
        for _ in range(len(self._remembered) - self._remember):
            self._remembered.popitem(last=False)

    def _fetch(self, subjects: Sequence[RecordId]) -> dict[RecordId, _SubjectKey]:
        """Load the existing keys of subjects; see ``_load``."""
        with reachable(), self._store.connection() as connection:
            rows = connection.execute(_LOOK_UP, (array(subjects),)).fetchall()
        return self._load({RecordId(subject): key_id for subject, key_id in rows})

    def _load(self, key_ids: Mapping[RecordId, int]) -> dict[RecordId, _SubjectKey]:
        """Load the existing keys of subjects, without destroyed keys, and remember them.

        Another key that we had proposed for one of the subjects becomes unused. No transaction can
        record anything that is sealed with it, because the subject has its existing key.
        """
        data_keys = self._data_keys.load(list(key_ids.values()))
        loaded = {
            subject: _SubjectKey(key_id, data_keys[key_id])
            for subject, key_id in key_ids.items()
            if key_id in data_keys
        }
        with self._lock:
            for subject, key_id in key_ids.items():
                ours = self._proposed.get(subject)
                if ours is not None and ours.key_id != key_id:
                    del self._proposed[subject]
                    self._spare.append((ours.key_id, ours.data_key))
            for subject, key in loaded.items():
                self._remembered[subject] = key
                self._remembered.move_to_end(subject)
            self._forget()
        return loaded

    def _fetch_spare(self, count: int) -> None:
        more = self._data_keys.take(count)
        with self._lock:
            self._spare += more


#: Unused keys that one process holds in advance.
_BLOCK: Final = 256
_LOOK_UP: Final = "select subject::text, key_id from es.subject_key where subject = any(%s::uuid[])"


def take_keys(cursor: Cursor[Any], proposed: Mapping[RecordId, int]) -> dict[RecordId, int]:
    """Assign proposed keys to their subjects, in the transaction of ``cursor``.

    Returns:
        The key ids of subjects that have another key already, by subject. If there are any, no
        proposed key was assigned.

    Raises:
        psycopg.errors.SerializationFailure: Another writer was first; call it again.
    """
    if not proposed:
        return {}
    cursor.execute(
        "select subject::text, key_id from es.take_keys(%s::uuid[], %s::bigint[])",
        (array(proposed), array(map(str, proposed.values()))),
    )
    return {RecordId(row["subject"]): row["key_id"] for row in cursor.fetchall()}


def intake_subject(at: datetime) -> RecordId:
    """Return the subject whose key seals messages that name no patient; a new one each month.

    It is a UUIDv8 like a record id. No record has it, because record ids are keyed hashes.
    """
    raw = bytearray(sha256(f"caretrail intake {at:%Y-%m}".encode()).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return RecordId(str(UUID(bytes=bytes(raw))))


@contextmanager
def open_keys(
    url: str, *, master_key_file: Path, keys_url: str | None = None
) -> Iterator[SubjectKeys]:
    """Open the keys of a store.

    Args:
        url: The database of the store, which says which subject has which key.
        master_key_file: The file of the master key; made if the database has no keys yet.
        keys_url: The database with the schema ``keys``, if it is not the one of the store.

    Raises:
        MasterKeyUnusable: The master key file is missing, is not private, or has another key.
        StoreUnavailable: The database does not answer.
    """
    with (
        open_data_keys(keys_url or url, master_key_file=master_key_file) as data_keys,
        pool(url, name="subjects") as store,
    ):
        keys = SubjectKeys(store, data_keys)
        try:
            yield keys
        finally:
            keys.close()
