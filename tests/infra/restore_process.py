"""A restore that is killed while it loads: DATABASE FOLDER, and after how many pieces."""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from infra.backup_file import BackupReader
from infra.restore import restore_store
from tests.backups import Backups


def main(url: str, folder: str, pieces: str) -> None:
    made = Backups(Path(folder))
    checked = list[int]()
    BackupReader(made.store, "store").verify(checked.append)
    calls = count(1)

    def shown(_done: int) -> None:
        if next(calls) == len(checked) + int(pieces):
            os.kill(os.getpid(), signal.SIGKILL)

    restore_store(made.target(url), made.store, made.keys, shown=shown)


if __name__ == "__main__":
    main(*sys.argv[1:])
