"""Seal and open what is said of a subject, under the one data key of that subject.

A subject takes a key in the transaction of its first event, so there is no event without a durable
key and no second commit. Sealing comes before: a writer proposes a key for a subject that is new to
it, and the transaction refuses one where another's stands. Then the writer learns that one and
seals again.
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

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection, Cursor
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from commands.ports.store import CannotStore, StoreUnavailable
from domain.body import Plain, Sealed, SegmentClass
from domain.events import SegmentDoesNotOpen
from domain.ids import RecordId
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

#: Subjects whose keys stay in memory, about half a KB each.
REMEMBERED: Final = 4_096
_MESSAGE: Final[SegmentClass] = "message"


class _Ring:
    """The data key of one subject."""

    __slots__ = ("data_key", "key_id", "proposed")

    def __init__(self, key_id: int, data_key: bytes, *, proposed: bool = False) -> None:
        self.key_id = key_id
        self.data_key = data_key
        self.proposed = proposed  # nobody knows yet whether the subject has it

    def cipher(self, segment: SegmentClass) -> AESGCM:
        return _cipher(self.data_key, segment)


@lru_cache(maxsize=512)  # several KB each: of few subjects, whose messages come close together
def _cipher(data_key: bytes, segment: SegmentClass) -> AESGCM:
    return AESGCM(derive(data_key, segment))


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """The keys that somebody seals with; some of them are only proposed so far."""

    rings: Mapping[RecordId, _Ring] = field(repr=False)

    def proposed(self) -> dict[RecordId, int]:
        """Return the key ids that the transaction has to make those of their subjects."""
        return {each: ring.key_id for each, ring in self.rings.items() if ring.proposed}

    def seal(self, plain: Plain, *, event_id: str, topic: str) -> Sealed:
        """Seal a segment of an event."""
        box = seal(
            self.rings[plain.subject].cipher(plain.segment),
            plain.text,
            about=associated(event_id, plain.subject, plain.segment, topic),
            entropy=entropy.take(ENTROPY),
        )
        return Sealed(
            subject=plain.subject,
            segment=plain.segment,
            commitment=box.commitment.hex(),
            box=to_text(box.data),
        )

    def seal_message(self, raw: bytes, *, message_id: str, subjects: Sequence[RecordId]) -> Box:
        """Seal the bytes of a message for everybody it names: the first subject innermost."""
        first, *others = subjects
        box = seal(
            self.rings[first].cipher(_MESSAGE),
            raw,
            about=associated(message_id, first, _MESSAGE),
            entropy=entropy.take(ENTROPY),
        )
        data = box.data
        for each in others:
            data = encrypt(
                self.rings[each].cipher(_MESSAGE),
                data,
                about=associated(message_id, each, _MESSAGE),
                nonce=entropy.take(NONCE),
            )
        return Box(data, box.commitment)


class SubjectKeys:
    """The keys of all subjects, the latest used in memory. Safe for threads.

    Raises:
        StoreUnavailable: Wherever a key must be fetched and the database does not answer.
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
        self._rings = OrderedDict[RecordId, _Ring]()
        self._spare = list[tuple[int, bytes]]()
        self._lock = Lock()

    def open(self, sealed: Sealed, *, event_id: str, topic: str) -> bytes:
        """Return the text of a segment.

        Raises:
            SegmentDoesNotOpen: Its key is gone, or this is not what was sealed there.
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
        """Return the bytes of a message sealed by ``SealingKeys.seal_message``.

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
        """Fetch keys in one go, before much of what was said of ``subjects`` is opened."""
        with self._lock:
            wanted = [each for each in set(subjects) if self._known(each) is None]
        for at in range(0, len(wanted), self._remember):
            self._keep(self._fetch(wanted[at : at + self._remember]))

    def for_sealing(self, subjects: Collection[RecordId], *, may_wait: bool = True) -> SealingKeys:
        """Return a key for each subject: its own where that is known, else one proposed for it.

        What is proposed stays so for this subject until ``confirm`` or ``adopt`` say what became of
        it: a transaction whose outcome nobody knows is simply asked for again. ``may_wait``: keys
        may be fetched for it.

        Raises:
            StoreUnavailable: There are no keys to propose.
        """
        while True:
            with self._lock:
                rings = {each: ring for each in subjects if (ring := self._rings.get(each))}
                for each in rings:
                    self._rings.move_to_end(each)
                missing = [each for each in subjects if each not in rings]
                if len(missing) <= len(self._spare):
                    for each in missing:
                        key_id, data_key = self._spare.pop()
                        rings[each] = self._rings[each] = _Ring(key_id, data_key, proposed=True)
                    self._forget()
                    return SealingKeys(rings)
            if not may_wait:
                raise StoreUnavailable("NoKeysAtHand")
            self._fetch_spare(max(_BLOCK, len(missing)))

    def confirm(self, proposed: Mapping[RecordId, int]) -> None:
        """Remember that these have become the keys of their subjects: they are committed."""
        with self._lock:
            for subject, key_id in proposed.items():
                ring = self._rings.get(subject)
                if ring is not None and ring.key_id == key_id:
                    ring.proposed = False
            short = _BLOCK - len(self._spare)
        if short > _BLOCK // 2:
            # Now, where the database has just answered, and not when somebody needs one.
            with suppress(StoreUnavailable):
                self._fetch_spare(short)

    def adopt(self, taken: Mapping[RecordId, int]) -> None:
        """Learn which keys subjects have that another one was proposed for.

        Raises:
            CannotStore: Some of them are no more: nothing can be sealed for these subjects.
        """
        rings = self._rings_of(taken)
        with self._lock:
            for subject, ring in rings.items():
                lost = self._rings.get(subject)
                if lost is not None and lost.proposed and lost.key_id != ring.key_id:
                    # Nothing that was sealed with it is kept: its transaction was refused.
                    self._spare.append((lost.key_id, lost.data_key))
        self._keep(rings)
        if rings.keys() < taken.keys():
            raise CannotStore("key_destroyed")

    def close(self) -> None:
        """Hand back the keys taken ahead and not used; without a database they stay unused."""
        with self._lock:
            spare, self._spare = self._spare, []
        if not spare:
            return
        with suppress(StoreUnavailable):
            self._data_keys.give_back(key_id for key_id, _ in spare)

    def _cipher(self, subject: RecordId, segment: SegmentClass) -> AESGCM:
        with self._lock:
            ring = self._known(subject)
        if ring is None:
            fetched = self._fetch([subject])
            self._keep(fetched)
            if subject not in fetched:
                raise DoesNotOpen
            ring = fetched[subject]
        return ring.cipher(segment)

    def _known(self, subject: RecordId) -> _Ring | None:
        """Return the ring of a subject that has this key for certain."""
        ring = self._rings.get(subject)
        if ring is None or ring.proposed:
            return None
        self._rings.move_to_end(subject)
        return ring

    def _keep(self, rings: Mapping[RecordId, _Ring]) -> None:
        with self._lock:
            for subject, ring in rings.items():
                self._rings[subject] = ring
                self._rings.move_to_end(subject)
            self._forget()

    def _forget(self) -> None:
        """Forget the keys used longest ago; what is proposed stays, or another would be."""
        for _ in range(len(self._rings) - self._remember):
            subject, ring = self._rings.popitem(last=False)
            if ring.proposed:
                self._rings[subject] = ring

    def _fetch(self, subjects: Sequence[RecordId]) -> dict[RecordId, _Ring]:
        with reachable(), self._store.connection() as connection:
            rows = connection.execute(_LOOK_UP, (array(subjects),)).fetchall()
        return self._rings_of({RecordId(subject): key_id for subject, key_id in rows})

    def _rings_of(self, key_ids: Mapping[RecordId, int]) -> dict[RecordId, _Ring]:
        data_keys = self._data_keys.load(list(key_ids.values()))
        return {
            subject: _Ring(key_id, data_keys[key_id])
            for subject, key_id in key_ids.items()
            if key_id in data_keys
        }

    def _fetch_spare(self, count: int) -> None:
        more = self._data_keys.take(count)
        with self._lock:
            self._spare += more


#: SubjectKeys that one process takes ahead.
_BLOCK: Final = 256
_LOOK_UP: Final = "select subject::text, key_id from es.subject_key where subject = any(%s::uuid[])"


def take_keys(cursor: Cursor[Any], proposed: Mapping[RecordId, int]) -> dict[RecordId, int]:
    """Make proposed keys those of their subjects, in the transaction of ``cursor``.

    Return those of subjects that have another one already; then nothing was taken.

    Raises:
        psycopg.errors.SerializationFailure: Another writer was first; ask again.
    """
    if not proposed:
        return {}
    cursor.execute(
        "select subject::text, key_id from es.take_keys(%s::uuid[], %s::bigint[])",
        (array(proposed), array(map(str, proposed.values()))),
    )
    return {RecordId(row["subject"]): row["key_id"] for row in cursor.fetchall()}


def intake_subject(at: datetime) -> RecordId:
    """Return whose key seals messages that name nobody: another one every month.

    A UUIDv8 that is nobody's record id, because those are keyed hashes.
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
        url: The store, which knows the subjects.
        master_key_file: In the home; made for a database that has no keys yet.
        keys_url: Where the schema ``keys`` is, if not in the database of the store.

    Raises:
        MasterKeyUnusable: See ``infra.master_key``.
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
