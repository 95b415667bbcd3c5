"""Seal and open what is said of a subject, under the one data key of that subject.

A subject takes a key in the transaction of its first event, so there is no event without a durable
key and no second commit. Sealing follows the taking: where two writers meet on a new subject, the
second waits for the first and seals with the key that won.
"""

import os
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection, Cursor
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from commands.ports import StoreUnavailable
from domain.body import Plain, Sealed, SegmentClass
from domain.events import SegmentDoesNotOpen
from domain.ids import RecordId
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

__all__ = ["Claim", "Keys", "SegmentDoesNotOpen", "open_keys"]

#: Subjects whose keys stay in memory, about 2 KB each.
REMEMBERED: Final = 4_096
_MESSAGE: Final[SegmentClass] = "message"


class _Ring:
    """The data key of one subject, and the keys of its classes as they are needed."""

    __slots__ = ("_ciphers", "data_key", "key_id")

    def __init__(self, key_id: int, data_key: bytes) -> None:
        self.key_id = key_id
        self.data_key = data_key
        self._ciphers = dict[str, AESGCM]()

    def cipher(self, segment: SegmentClass) -> AESGCM:
        found = self._ciphers.get(segment)
        if found is None:
            found = self._ciphers[segment] = AESGCM(derive(self.data_key, segment))
        return found


@dataclass(frozen=True, slots=True)
class Claim:
    """The keys that a transaction seals with; some of them it takes."""

    rings: Mapping[RecordId, _Ring] = field(repr=False)
    taken: tuple[RecordId, ...]  # for the first time, if the transaction commits

    def seal(self, plain: Plain, *, event_id: str, topic: str) -> Sealed:
        """Seal a segment of an event."""
        box = seal(
            self.rings[plain.subject].cipher(plain.segment),
            plain.text,
            about=associated(event_id, plain.subject, plain.segment, topic),
            entropy=os.urandom(ENTROPY),
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
            entropy=os.urandom(ENTROPY),
        )
        data = box.data
        for each in others:
            data = encrypt(
                self.rings[each].cipher(_MESSAGE),
                data,
                about=associated(message_id, each, _MESSAGE),
                nonce=os.urandom(NONCE),
            )
        return Box(data, box.commitment)


class Keys:
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
        """Return the bytes of a message sealed by ``Claim.seal_message``.

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
            wanted = [each for each in set(subjects) if each not in self._rings]
        for at in range(0, len(wanted), self._remember):
            self._keep(self._fetch(wanted[at : at + self._remember]))

    def claim(self, cursor: Cursor[Any], subjects: Collection[RecordId]) -> Claim:
        """Take a key for each subject that has none, in the transaction of ``cursor``.

        Waits for another transaction that takes one for the same subject. Call ``settle`` when the
        transaction has ended.
        """
        with self._lock:
            rings = {each: ring for each in subjects if (ring := self._rings.get(each))}
        missing = sorted(set(subjects) - rings.keys())  # sorted: writers never wait in a circle
        if not missing:
            return Claim(rings, ())
        spare = dict(self._take(len(missing)))
        cursor.execute(_CLAIM, (_array(missing), list(spare)))
        taken = list[RecordId]()
        for row in cursor.fetchall():
            subject, key_id = RecordId(row["subject"]), row["key_id"]
            rings[subject] = _Ring(key_id, spare.pop(key_id))
            taken.append(subject)
        self._put_back(spare.items())
        others = [each for each in missing if each not in rings]
        if others:
            looked_up = cursor.connection.cursor().execute(_LOOK_UP, (_array(others),))
            found = {RecordId(row["subject"]): row["key_id"] for row in looked_up}
            rings |= self._rings_of(found)
        return Claim(rings, tuple(taken))

    def settle(self, claim: Claim, *, committed: bool) -> None:
        """Remember the keys of a claim, or take back those whose transaction was rolled back.

        Where the outcome is unknown, call neither: its keys are then simply not used again.
        """
        if committed:
            self._keep(claim.rings)
        else:
            rings = (claim.rings[each] for each in claim.taken)
            self._put_back((each.key_id, each.data_key) for each in rings)

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
            ring = self._rings.get(subject)
            if ring is not None:
                self._rings.move_to_end(subject)
        if ring is None:
            fetched = self._fetch([subject])
            self._keep(fetched)
            if subject not in fetched:
                raise DoesNotOpen
            ring = fetched[subject]
        return ring.cipher(segment)

    def _keep(self, rings: Mapping[RecordId, _Ring]) -> None:
        with self._lock:
            for subject, ring in rings.items():
                self._rings[subject] = ring
                self._rings.move_to_end(subject)
            while len(self._rings) > self._remember:
                self._rings.popitem(last=False)

    def _fetch(self, subjects: Sequence[RecordId]) -> dict[RecordId, _Ring]:
        with reachable(), self._store.connection() as connection:
            rows = connection.execute(_LOOK_UP, (_array(subjects),)).fetchall()
        return self._rings_of({RecordId(subject): key_id for subject, key_id in rows})

    def _rings_of(self, key_ids: Mapping[RecordId, int]) -> dict[RecordId, _Ring]:
        data_keys = self._data_keys.load(list(key_ids.values()))
        return {
            subject: _Ring(key_id, data_keys[key_id])
            for subject, key_id in key_ids.items()
            if key_id in data_keys
        }

    def _take(self, count: int) -> list[tuple[int, bytes]]:
        with self._lock:
            if len(self._spare) < count:
                self._spare += self._data_keys.take(max(_BLOCK, count))
            self._spare, taken = self._spare[count:], self._spare[:count]
        return taken

    def _put_back(self, spare: Iterable[tuple[int, bytes]]) -> None:
        with self._lock:
            self._spare += spare


#: Keys that one process takes ahead.
_BLOCK: Final = 256
_CLAIM: Final = (
    "insert into es.subject_key (subject, key_id)"
    " select * from unnest(%s::uuid[], %s::bigint[]) order by 1"
    " on conflict (subject) do nothing returning subject::text, key_id"
)
_LOOK_UP: Final = "select subject::text, key_id from es.subject_key where subject = any(%s::uuid[])"


def intake_subject(at: datetime) -> RecordId:
    """Return whose key seals messages that name nobody: another one every month.

    A UUIDv8 that is nobody's record id, because those are keyed hashes.
    """
    raw = bytearray(sha256(f"caretrail intake {at:%Y-%m}".encode()).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return RecordId(str(UUID(bytes=bytes(raw))))


def _array(ids: Iterable[str]) -> str:
    return "{" + ",".join(ids) + "}"


@contextmanager
def open_keys(url: str, *, master_key_file: Path, keys_url: str | None = None) -> Iterator[Keys]:
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
        keys = Keys(store, data_keys)
        try:
            yield keys
        finally:
            keys.close()
