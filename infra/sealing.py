"""Seal text so that it opens with one key, in one place, and only as it was.

AES-256-GCM under a key derived by class from the data key of the subject (HKDF-SHA256, RFC 5869).
The plaintext within is a salt of 32 bytes and the text: GCM alone would let one ciphertext open
under two keys to two texts, so the commitment, SHA-256 over both, says which text was sealed and
tells nothing about it once the key is gone. Pure: who seals brings the random bytes.
"""

import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE: Final = 12
SALT: Final = 32
#: Random bytes that one sealing uses up; never the same twice.
ENTROPY: Final = NONCE + SALT

_NO_SALT: Final = bytes(32)


class DoesNotOpen(Exception):
    """Another key, another place, or changed since."""


@dataclass(frozen=True, slots=True)
class Box:
    """What was sealed: nonce, ciphertext and tag; and the commitment to salt and text."""

    data: bytes
    commitment: bytes


def derive(data_key: bytes, purpose: str) -> bytes:
    """Return the key of one class, 32 bytes.

    HKDF with SHA-256, no salt and one block of output is two HMACs; spelled out it costs a tenth
    of the general one, and a test holds it equal to that of ``cryptography``.
    """
    extracted = hmac.digest(_NO_SALT, data_key, "sha256")
    return hmac.digest(extracted, b"caretrail segment v1 " + purpose.encode() + b"\x01", "sha256")


def associated(*parts: str) -> bytes:
    """Return associated data: netstrings (length, colon, text, comma), so that no two run together.

    Of a segment: event id, subject, class, topic. Of a message: message id, subject, class. All of
    them are ASCII.

    >>> associated("e1", "notes")
    b'2:e1,5:notes,'
    """
    return "".join([f"{len(part)}:{part}," for part in parts]).encode("ascii")


def seal(cipher: AESGCM, text: bytes, *, about: bytes, entropy: bytes) -> Box:
    """Seal ``text`` with ``about`` as associated data; ``entropy`` is fresh for every call."""
    nonce, salt = entropy[:NONCE], entropy[NONCE:]
    salted = salt + text
    return Box(nonce + cipher.encrypt(nonce, salted, about), sha256(salted).digest())


def unseal(cipher: AESGCM, data: bytes, *, about: bytes, commitment: bytes) -> bytes:
    """Return the text within.

    Raises:
        DoesNotOpen: Also where it opens to something else than was committed to.
    """
    salted = decrypt(cipher, data, about=about)
    if not hmac.compare_digest(sha256(salted).digest(), commitment):
        raise DoesNotOpen
    return salted[SALT:]


def encrypt(cipher: AESGCM, data: bytes, *, about: bytes, nonce: bytes) -> bytes:
    """Wrap ``data`` without salt: an outer layer around a box, or a key."""
    return nonce + cipher.encrypt(nonce, data, about)


def decrypt(cipher: AESGCM, data: bytes, *, about: bytes) -> bytes:
    """Undo ``encrypt``.

    Raises:
        DoesNotOpen: Another key, another place, or changed since.
    """
    try:
        return cipher.decrypt(data[:NONCE], data[NONCE:], about)
    except (InvalidTag, ValueError):
        raise DoesNotOpen from None


def to_text(data: bytes) -> str:
    """Return a box as it stands in JSON: base64."""
    return b64encode(data).decode("ascii")


def from_text(text: str) -> bytes:
    """Undo ``to_text``.

    Raises:
        DoesNotOpen: This is not base64.
    """
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise DoesNotOpen from None
