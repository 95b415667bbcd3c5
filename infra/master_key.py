"""The master key: a file in the home that wraps every data key, and never enters the database."""

import os
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_SIZE: Final = 32
_OTHERS: Final = 0o077


class MasterKeyUnusable(Exception):
    """The file is not there, not a key, or readable by others; the text says which."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key that wraps data keys."""

    secret: bytes = field(repr=False)

    def cipher(self) -> AESGCM:
        """Return AES-256-GCM under this key."""
        return AESGCM(self.secret)

    def fingerprint(self) -> str:
        """Return what tells two keys apart without giving either away."""
        return sha256(b"caretrail master key fingerprint" + self.secret).hexdigest()[:32]


def load(path: Path) -> MasterKey:
    """Read the key.

    Raises:
        MasterKeyUnusable: See there.
    """
    try:
        text, mode = path.read_bytes(), path.stat().st_mode
    except FileNotFoundError as error:
        raise MasterKeyUnusable(
            f"{path} is missing, and this database holds keys that it wraps: put it back, or say"
            " where it is with CARETRAIL_KEY_FILE"
        ) from error
    except OSError as error:
        raise MasterKeyUnusable(f"{path}: {error.strerror}") from error
    if mode & _OTHERS:
        raise MasterKeyUnusable(f"{path}: others may read it; chmod 600 it")
    try:
        secret = b64decode(text.strip(), validate=True)
    except ValueError:
        secret = b""
    if len(secret) != _SIZE:
        raise MasterKeyUnusable(
            f"{path}: not a master key; put back the one this database was made with"
        )
    return MasterKey(secret)


def make(path: Path, secret: bytes) -> MasterKey:
    """Write a new key, durably, unless another process was first; return the one in the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, b64encode(secret) + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    with suppress(FileExistsError):
        os.link(draft, path)  # unlike a rename, never takes the place of another
    draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return load(path)
