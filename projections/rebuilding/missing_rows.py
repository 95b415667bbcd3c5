"""The error of a rebuild whose rows are not all in their table."""


class RowsMissing(Exception):
    """A table does not hold the rows that were written into it; nothing was switched."""

    def __init__(self, *, table: str, written: int, found: int) -> None:
        self.table = table
        self.written = written
        self.found = found
        super().__init__(f"{table}: {written} rows written, {found} found")
