"""Seal text so that it opens only with its key, only in its place, and only if unchanged.

The cipher is AES-256-GCM. Its key is derived, for each class of segment, from the data key of the
subject (HKDF-SHA256, RFC 5869). The plaintext is a salt of 32 bytes followed by the text. With GCM
alone, one ciphertext can be made that opens under two keys to two texts. The commitment, a SHA-256
over salt and text, shows which text was sealed. Because of the salt it reveals nothing about the
text after the key is destroyed. The functions are pure: the caller passes the random bytes.
"""

import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE: Final = 12  # bytes
SALT: Final = 32  # bytes
#: Random bytes that ``seal`` needs; the same bytes must never be used twice.
ENTROPY: Final = NONCE + SALT

_NO_SALT: Final = bytes(32)


class DoesNotOpen(Exception):
    """The data was sealed with another key or for another place, or was changed since."""


@dataclass(frozen=True, slots=True)
class Box:
    """A sealed text."""

    data: bytes  # nonce, ciphertext and tag
    commitment: bytes  # to salt and text


def derive(data_key: bytes, purpose: str) -> bytes:
    """Return the key of one class of segment, 32 bytes.

    HKDF with SHA-256, without salt and with one block of output, is two HMACs. Written out it takes
    a tenth of the time of the general function. A test compares it with HKDF of ``cryptography``.
    """
    extracted = hmac.digest(_NO_SALT, data_key, "sha256")
    return hmac.digest(extracted, b"caretrail segment v1 " + purpose.encode() + b"\x01", "sha256")


def associated(*parts: str) -> bytes:
    """Return associated data: the parts as netstrings (length, colon, text, comma).

    The parts of a segment are event id, subject, class and topic; those of a message are message
    id, subject and class. All are ASCII. The lengths keep different parts from looking equal.

    >>> associated("e1", "notes")
    b'2:e1,5:notes,'
    """
    return "".join([f"{len(part)}:{part}," for part in parts]).encode("ascii")


def seal(cipher: AESGCM, text: bytes, *, about: bytes, entropy: bytes) -> Box:
    """Seal ``text`` with ``about`` as associated data; each call needs new random ``entropy``."""
    nonce, salt = entropy[:NONCE], entropy[NONCE:]
    salted = salt + text
    return Box(nonce + cipher.encrypt(nonce, salted, about), sha256(salted).digest())


def unseal(cipher: AESGCM, data: bytes, *, about: bytes, commitment: bytes) -> bytes:
    """Return the sealed text.

    Raises:
        DoesNotOpen: See the class; also if the text does not match its commitment.
    """
    salted = decrypt(cipher, data, about=about)
    if not hmac.compare_digest(sha256(salted).digest(), commitment):
        raise DoesNotOpen
    return salted[SALT:]


def encrypt(cipher: AESGCM, data: bytes, *, about: bytes, nonce: bytes) -> bytes:
    """Encrypt ``data`` without salt: a key, or a box that gets another layer."""
    return nonce + cipher.encrypt(nonce, data, about)


def decrypt(cipher: AESGCM, data: bytes, *, about: bytes) -> bytes:
    """Decrypt what ``encrypt`` returned.

    Raises:
        DoesNotOpen: See the class.
    """
    try:
        return cipher.decrypt(data[:NONCE], data[NONCE:], about)
    except (InvalidTag, ValueError):
        raise DoesNotOpen from None


def to_text(data: bytes) -> str:
    """Return the data of a box as base64, its form in JSON."""
    return b64encode(data).decode("ascii")


def from_text(text: str) -> bytes:
    """Return the data of a box from its base64 form.

    Raises:
        DoesNotOpen: The text is not base64.
    """
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise DoesNotOpen from None
