"""Apache Kafka's jars: pinned by SHA-256, fetched once into the user's cache.

The list is ``kafka_jars.lock``, beside this file. The folder in the cache is named after the hash
of the list. It is moved into place when all jars are in it, so a folder that exists is complete.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final, TypeAlias

#: Called with the number of jars that have been fetched and the number of all jars.
Progress: TypeAlias = Callable[[int, int], None]

_LOCK: Final = Path(__file__).with_name("kafka_jars.lock")
_AT_ONCE: Final = 8
_TRIES: Final = 3
_TIMEOUT: Final = (10.0, 60.0)  # seconds to connect, and seconds without a byte
_CHUNK: Final = 1 << 16  # bytes


class NoJars(Exception):
    """The jars are not in the cache and cannot be fetched; the message is one line."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One published artifact and the SHA-256 it must have."""

    group: str
    artifact: str
    version: str
    digest: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return f"{self.artifact}-{self.version}.jar"


def locked() -> list[Jar]:
    """Return the jars that the committed list names."""
    lines = [each.split() for each in _LOCK.read_text("utf-8").splitlines() if each[:1] != "#"]
    return [_jar(*coordinates.split(":"), digest=digest) for coordinates, digest in lines]


def _jar(group: str, artifact: str, version: str, *, digest: str) -> Jar:
    return Jar(group, artifact, version, digest)


def key() -> str:
    """Return the name of the folder of these jars; another list of jars has another folder."""
    return f"kafka-{sha256(_LOCK.read_bytes()).hexdigest()[:16]}"


def cache() -> Path:
    """Return the user's cache folder of caretrail: below ``XDG_CACHE_HOME``, else ``~/.cache``."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(chosen) if Path(chosen).is_absolute() else Path.home() / ".cache"
    return base / "caretrail"


def fetched(*, progress: Progress | None = None, mirror: str | None = None) -> Path:
    """Return the folder of the jars; fetch them if they are not in the cache yet.

    Args:
        progress: Called for each jar that was fetched; not called if all are in the cache.
        mirror: The address of a repository laid out like the public one, for sites that have one.

    Raises:
        NoJars: The jars cannot be fetched or written, or differ from the pinned ones.
    """
    try:
        folder = cache() / key() / "lib"
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _scratch(folder.parent) as scratch:
                _fetch_all(scratch, progress or (lambda _done, _total: None), mirror)
                _move(scratch, folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: a user without a home folder
        reason = getattr(error, "strerror", None) or type(error).__name__
        place = getattr(error, "filename", None) or "the cache"
        raise NoJars(
            f"Kafka's jars cannot be written to {place}: {reason};"
            " set XDG_CACHE_HOME to a folder that you may write to"
        ) from error
    return folder


def _fetch_all(folder: Path, progress: Progress, mirror: str | None) -> None:
    jars = locked()
    progress(0, len(jars))
    with ThreadPoolExecutor(_AT_ONCE, "fetch") as pool:
        coming = [pool.submit(partial(_fetch, jar, folder, mirror)) for jar in jars]
        try:
            for done, each in enumerate(as_completed(coming), start=1):
                each.result()
                progress(done, len(jars))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch(jar: Jar, folder: Path, mirror: str | None) -> None:
    try:
        from maven_artifact import Artifact, Downloader  # noqa: PLC0415  # an extra
        from requests import RequestException, Response  # noqa: PLC0415  # its own dependency
    except ImportError as error:
        raise NoJars("maven-artifact is missing: pip install 'caretrail[local]'") from error

    def write(response: Response) -> str:
        digest = sha256()
        with response, (folder / jar.name).open("wb") as file:
            for chunk in response.iter_content(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()

    # Not the library's ``download()``: it prints, and checks an MD5 that the same server gives.
    downloader = Downloader(base=mirror) if mirror else Downloader()
    address = downloader.resolver.uri_for_artifact(Artifact(jar.group, jar.artifact, jar.version))
    for attempt in range(1, _TRIES + 1):
        try:
            found = downloader.requestor.request(
                address, None, write, stream=True, timeout=_TIMEOUT
            )
        except RequestException as error:
            if attempt == _TRIES:
                raise NoJars(
                    f"{jar.name} of Apache Kafka cannot be fetched: {type(error).__name__}"
                ) from error
        else:
            if found != jar.digest:
                raise NoJars(
                    f"{jar.name} differs from the pinned jar: its SHA-256 is {found}, not"
                    f" {jar.digest}; check the repository or mirror that it came from"
                )
            return


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    scratch = Path(mkdtemp(prefix=".fetching-", dir=folder))
    try:
        yield scratch
    finally:
        rmtree(scratch, ignore_errors=True)


def _move(scratch: Path, folder: Path) -> None:
    scratch.chmod(0o755)
    try:
        scratch.rename(folder)
    except OSError:
        if (
            not folder.is_dir()
        ):  # if it exists, another process was faster and fetched the same jars
            raise
