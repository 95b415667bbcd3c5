"""The master key wraps every data key; it is a file in the home and never in the database."""

import os
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_SIZE: Final = 32
_OTHERS: Final = 0o077  # permission bits of other users


class MasterKeyUnusable(Exception):
    """The file is missing, holds no key, or can be read by others; the message says what to do."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key that wraps data keys."""

    secret: bytes = field(repr=False)

    def cipher(self) -> AESGCM:
        """Return AES-256-GCM under this key."""
        return AESGCM(self.secret)

    def fingerprint(self) -> str:
        """Return a hash that identifies the key and does not reveal it."""
        return sha256(b"caretrail master key fingerprint" + self.secret).hexdigest()[:32]


def load(path: Path) -> MasterKey:
    """Read the key from its file.

    Raises:
        MasterKeyUnusable: The file is missing, cannot be read, holds no key, or is not private.
    """
    try:
        text, mode = path.read_bytes(), path.stat().st_mode
    except FileNotFoundError as error:
        raise MasterKeyUnusable(
            f"{path} is missing, but the keys of this database are wrapped by it: put the file"
            " back, or name its place in CARETRAIL_KEY_FILE"
        ) from error
    except OSError as error:
        raise MasterKeyUnusable(
            f"{path}: {error.strerror}; let the user that runs caretrail read it"
        ) from error
    if mode & _OTHERS:
        raise MasterKeyUnusable(f"{path}: other users may read it; run: chmod 600 {path}")
    try:
        secret = b64decode(text.strip(), validate=True)
    except ValueError:
        secret = b""
    if len(secret) != _SIZE:
        raise MasterKeyUnusable(
            f"{path}: this is not a master key; put back the file that this database was made with"
        )
    return MasterKey(secret)


def make(path: Path, secret: bytes) -> MasterKey:
    """Write a new key durably, unless another process was first; return the key in the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, b64encode(secret) + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    with suppress(FileExistsError):
        os.link(draft, path)  # unlike a rename, this never replaces an existing file
    draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return load(path)
