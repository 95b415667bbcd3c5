"""HL7 v2 messages in files, as ``ingest`` and ``send`` read them."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from caretrail.cli.output import note
from caretrail.failure import Failed
from consumers.hl7v2.files import split

#: The name of a file of profiles, beside the messages of its senders.
PROFILES: Final = "profiles.toml"


def message_files(paths: Iterable[str]) -> list[Path]:
    """Return the files that ``paths`` name.

    A folder stands for every file below it, sorted. Its ``profiles.toml``, which ``generate``
    writes, is left out: it describes the senders of the messages.

    Raises:
        Failed: A path does not exist.
    """
    files: list[Path] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            below = (each for each in path.rglob("*") if each.is_file())
            files += sorted(each for each in below if each.name != PROFILES)
        elif path.exists():
            files.append(path)
        else:
            raise Failed(f"{name}: no such file or folder")
    return files


def messages_in(files: Iterable[Path]) -> Iterator[bytes]:
    """Yield the messages of the files in order; print a note if a trailer counts differently."""
    for path in files:
        yield from split(path.read_bytes(), warn=partial(_warn, path))


_WARNINGS: Final = {
    "batch.count_differs": "BTS-1 states another number of messages than the batch holds",
    "file.count_differs": "FTS-1 states another number of batches than the file holds",
}


def _warn(path: Path, code: str) -> None:
    note(f"{path}: {_WARNINGS.get(code, code)} ({code})")
