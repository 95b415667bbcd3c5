"""A file that holds one secret key; only its owner may read it."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_OTHERS: Final = 0o077  # permission bits of other users


class KeyFileUnusable(Exception):
    """The file cannot be read, or other users may read it; the message says what to do."""


def read_key(path: Path) -> bytes:
    """Return the text of the file without blanks around it.

    Raises:
        FileNotFoundError: There is no such file.
        KeyFileUnusable: It cannot be read, or other users may read it.
    """
    try:
        text, mode = path.read_bytes(), path.stat().st_mode
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyFileUnusable(
            f"{path}: {error.strerror}; let the user that runs caretrail read it"
        ) from error
    if mode & _OTHERS:
        raise KeyFileUnusable(f"{path}: other users may read it; run: chmod 600 {path}")
    return text.strip()


def make_key(path: Path, text: bytes) -> None:
    """Write a new file durably. If another process was first, its file stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, text + b"\n")
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
