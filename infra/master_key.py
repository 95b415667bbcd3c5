"""The master key wraps every data key; it is a file in the home and never in the database."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.key_file import KeyFileUnusable, make_key, read_key

_SIZE: Final = 32


#: The end of a message: the file holds the master key of another database.
OTHER_MASTER_KEY: Final = (
    "this file has another master key than the one that wraps the keys of this database; name the"
    " right file in CARETRAIL_KEY_FILE"
)


class MasterKeyUnusable(Exception):
    """The file is missing, holds no key, or can be read by others; the message says what to do."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key that wraps data keys."""

    secret: bytes = field(repr=False)

    def cipher(self) -> AESGCM:
        """Return AES-256-GCM under this key."""
        return AESGCM(self.secret)

    def derived(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for one purpose of this installation (HKDF-SHA256, RFC 5869)."""
        info = f"caretrail installation v1 {purpose}".encode()
        return HKDF(SHA256(), _SIZE, salt=None, info=info).derive(self.secret)

    def fingerprint(self) -> str:
        """Return a hash that identifies the key and does not reveal it."""
        return sha256(b"caretrail master key fingerprint" + self.secret).hexdigest()[:32]


def load(path: Path) -> MasterKey:
    """Read the key from its file.

    Raises:
        MasterKeyUnusable: The file is missing, cannot be read, holds no key, or is not private.
    """
    try:
        text = read_key(path)
    except FileNotFoundError as error:
        raise MasterKeyUnusable(
            f"{path} is missing, but the keys of this database are wrapped by it: put the file"
            " back, or name its place in CARETRAIL_KEY_FILE"
        ) from error
    except KeyFileUnusable as error:
        raise MasterKeyUnusable(str(error)) from error
    try:
        secret = b64decode(text, validate=True)
    except ValueError:
        secret = b""
    if len(secret) != _SIZE:
        raise MasterKeyUnusable(
            f"{path}: this is not a master key; put back the file that this database was made with"
        )
    return MasterKey(secret)


def make(path: Path, secret: bytes) -> MasterKey:
    """Write a new key durably, unless another process was first; return the key in the file."""
    make_key(path, b64encode(secret))
    return load(path)
