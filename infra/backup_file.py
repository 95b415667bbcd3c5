"""The file of a backup: a tar archive, written and read once from its beginning to its end.

``manifest.json`` is first. Then each table follows as PostgreSQL's binary COPY, cut into pieces of
8 MiB (``es.event/000001``, ...), so that memory does not grow with the table. ``end.json`` is last:
it holds the rows, the bytes and the SHA-256 of each table. A file without it is incomplete.
"""

import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeVar

import msgspec

FORMAT: Final = 1
_PIECE: Final = 8 << 20  # bytes
_MANIFEST: Final = "manifest.json"
_END: Final = "end.json"

_Decoded = TypeVar("_Decoded")

#: Takes how many bytes of the file are done.
Progress = Callable[[int], None]


class BackupUnusable(Exception):
    """The file is no backup, is incomplete or damaged, or was made by a newer release."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}. Nothing was restored from it")


class BackupExists(Exception):
    """There is a file of this name already; a backup never replaces one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} exists: give the backup another name")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The first part of a backup file: it describes the file and its tables."""

    kind: Literal["store", "keys"]
    format: int = FORMAT
    release: str
    made_at: datetime
    incarnation: str  # of the store
    id_key: str  # fingerprint of the key that ids are derived with
    index: int  # of the newest event in the store
    migrations: dict[int, str]  # checksums by number: the schema that the tables fit
    tables: dict[str, list[str]]  # columns by table
    master_keys: list[str] = []  # fingerprints of the keys that wrap the data keys
    last_key_id: int = 0  # the greatest id that was given to a data key
    wrapped_id_key: str = ""  # encrypted with the master key, in base64; only beside data keys


class TableSummary(msgspec.Struct, kw_only=True):
    """What ``end.json`` says of a table."""

    rows: int = 0
    size: int = 0  # bytes
    sha256: str = ""


class _End(msgspec.Struct):
    manifest: str  # SHA-256 of manifest.json
    tables: dict[str, TableSummary]


class _HashedFile:
    """What tarfile writes to: a file that counts and hashes every byte."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class BackupWriter:
    """Writes a backup file; ``end`` makes it complete."""

    def __init__(self, file: _HashedFile, manifest: Manifest) -> None:
        self._file = file
        self._tar = tarfile.open(mode="w|", fileobj=file)  # type: ignore[call-overload]  # noqa: SIM115  # write() is all that it calls; closed by end()
        self._made_at = manifest.made_at.timestamp()
        self.tables: dict[str, TableSummary] = {}
        text = msgspec.json.encode(manifest)
        self._manifest = sha256(text).hexdigest()
        self._add(_MANIFEST, text)

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.size

    @property
    def sha256(self) -> str:
        """The SHA-256 of the whole file, in hex; for ``sha256sum``. Only after ``end``."""
        return self._file.hexdigest()

    def add_table(self, name: str, copied: Iterable[bytes | bytearray | memoryview]) -> None:
        """Write what COPY gives of a table; ``tables`` counts its bytes, the caller its rows."""
        piece, number, whole, size = bytearray(), 0, sha256(), 0
        for block in copied:
            piece += block
            if len(piece) >= _PIECE:
                number += 1
                size += len(piece)
                self._add_piece(name, number, piece, whole)
                piece.clear()
        self._add_piece(name, number + 1, piece, whole)
        self.tables[name] = TableSummary(size=size + len(piece), sha256=whole.hexdigest())

    def end(self) -> None:
        """Write the summaries of all tables."""
        self._add(_END, msgspec.json.encode(_End(self._manifest, self.tables)))
        self._tar.close()

    def abandon(self) -> None:
        """Close the archive of an unfinished backup, before its file is removed."""
        with suppress(OSError):
            self._tar.close()

    def _add_piece(self, name: str, number: int, piece: bytearray, whole: Any) -> None:
        whole.update(piece)
        self._add(f"{name}/{number:06}", bytes(piece))

    def _add(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = len(data), int(self._made_at), 0o600
        self._tar.addfile(member, BytesIO(data))
        _forget_members(self._tar)


@contextmanager
def new_backup(path: Path, manifest: Manifest) -> Iterator[BackupWriter]:
    """Write a backup to a file that only its owner may read.

    The file gets its name when it is complete and on the disk. Until then it is ``NAME.partial``.

    Raises:
        BackupExists: A file of this name is there.
    """
    if path.exists():
        raise BackupExists(path)
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            writer = BackupWriter(_HashedFile(file), manifest)
            try:
                yield writer
                writer.end()
            except BaseException:
                writer.abandon()
                raise
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(partial, path)  # a rename would replace a file that appeared meanwhile
        except FileExistsError:
            raise BackupExists(path) from None
    finally:
        partial.unlink(missing_ok=True)


class BackupReader:
    """Reads a backup file.

    Raises:
        BackupUnusable: From every method.
    """

    def __init__(self, path: Path, kind: Literal["store", "keys"]) -> None:
        self.path = path
        self.manifest = self._manifest(kind)

    def verify(self, shown: Progress = lambda _done: None) -> dict[str, TableSummary]:
        """Read the whole file and compare it with its own hashes; return its tables."""
        end = _End("", {})
        for _ in self._pieces(end, shown):
            pass
        return end.tables

    def pieces(self, shown: Progress = lambda _done: None) -> Iterator[tuple[str, bytes]]:
        """Yield the pieces of all tables with the table's name; check the hashes at the end."""
        yield from self._pieces(_End("", {}), shown)

    def _manifest(self, kind: str) -> Manifest:
        for name, data in self._members():
            if name != _MANIFEST:
                break
            said = self._decoded(data, dict[str, Any])
            if said.get("kind") != kind:
                raise BackupUnusable(self.path, f"this is not a backup of the {kind}")
            if said.get("format") != FORMAT:
                raise BackupUnusable(self.path, "it was made by a newer release: restore it there")
            return self._decoded(data, Manifest)
        raise BackupUnusable(self.path, "this is not a backup of caretrail")

    def _pieces(self, end: _End, shown: Progress) -> Iterator[tuple[str, bytes]]:
        """Yield the pieces of all tables; put the hashes that the file states into ``end``."""
        hashes = {name: sha256() for name in self.manifest.tables}
        sizes = dict.fromkeys(self.manifest.tables, 0)
        manifest, done = "", 0
        complete = False
        for member, data in self._members():
            done += len(data)
            shown(done)
            name = member.partition("/")[0]
            if member == _MANIFEST:
                manifest = sha256(data).hexdigest()
            elif member == _END:
                said = self._decoded(data, _End)
                end.manifest, end.tables = said.manifest, said.tables
                complete = True
            elif name in hashes and not complete:
                hashes[name].update(data)
                sizes[name] += len(data)
                yield name, data
            else:
                raise BackupUnusable(self.path, "the file is damaged")
        if not complete:
            raise BackupUnusable(self.path, "the file is incomplete: its end is missing")
        found = {name: (sizes[name], each.hexdigest()) for name, each in hashes.items()}
        stated = {name: (each.size, each.sha256) for name, each in end.tables.items()}
        if found != stated or manifest != end.manifest:
            raise BackupUnusable(self.path, "the file is damaged: its hashes do not match")

    def _members(self) -> Iterator[tuple[str, bytes]]:
        try:
            with tarfile.open(self.path, mode="r|") as tar:
                while (member := tar.next()) is not None:
                    content = tar.extractfile(member)
                    yield member.name, content.read() if content else b""
                    _forget_members(tar)
        except tarfile.TarError:
            raise BackupUnusable(self.path, "the file is incomplete, or no backup") from None

    def _decoded(self, data: bytes, kind: type[_Decoded]) -> _Decoded:
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.MsgspecError:
            raise BackupUnusable(self.path, "the file is damaged") from None


def _forget_members(tar: tarfile.TarFile) -> None:
    """Drop the list of members that tarfile keeps for look-ups: memory would grow with the file."""
    tar.members.clear()  # type: ignore[attr-defined]  # public, and not in the stubs
