"""The id key of a home, from which ids are derived: drawn once, and never in the database.

A home of release 0.1.0 has no such file. It was made with the development key, which is documented,
and it keeps that key: with another key, none of its ids would be found again.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from domain.ids import DEVELOPMENT_KEY, IdKey
from infra.key_file import KeyFileUnusable, make_key, read_key

_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")


class IdKeyUnusable(Exception):
    """The file of the id key is missing, holds no key, or can be read by other users."""


def is_id_key(text: str) -> bool:
    """Tell whether a text is a key: 64 hex digits."""
    return _HEX.fullmatch(text) is not None


def load(path: Path) -> IdKey | None:
    """Read the key from its file; return None if there is no such file.

    Raises:
        IdKeyUnusable: The file holds no key, cannot be read, or is not private.
    """
    try:
        text = read_key(path).decode("latin-1")
    except FileNotFoundError:
        return None
    except KeyFileUnusable as error:
        raise IdKeyUnusable(str(error)) from error
    if not is_id_key(text):
        raise IdKeyUnusable(f"{path}: this is not an id key; put back the file that was there")
    return IdKey(bytes.fromhex(text))


def make(path: Path, key: IdKey) -> IdKey:
    """Write a key durably, unless another process was first; return the key in the file."""
    make_key(path, key.secret.hex().encode())
    return load(path) or key


def of_home(path: Path, *, fingerprint: str | None, draw: Callable[[], bytes]) -> IdKey:
    """Return the id key of a home; a new home draws one.

    Args:
        path: The file of the key.
        fingerprint: The fingerprint of the key that the store was made with. None: there is no
            store yet.
        draw: Returns 32 random bytes.

    Raises:
        IdKeyUnusable: The file cannot be used, or is missing although there is a store.
    """
    kept = load(path)
    if kept is not None:
        return kept
    if fingerprint is None:
        return make(path, IdKey(draw()))
    development = IdKey(DEVELOPMENT_KEY)
    if fingerprint == development.fingerprint():
        return development
    raise IdKeyUnusable(
        f"{path} is missing, but the ids of this store are derived with it: put the file back, take"
        " it from a backup of the keys (caretrail restore --keys FILE), or set CARETRAIL_ID_KEY"
    )
