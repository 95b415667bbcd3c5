"""``patients``: the known patients."""

from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import columns, json_lines
from caretrail.failure import Failed
from caretrail.reading.contract import patients_json
from caretrail.reading.listing import NumberShared, PatientSummary
from caretrail.reading.past_patients import every_patient_then


def patients_ls(options: Namespace) -> None:
    """List all patients; merged records come last. At other instants these are left out."""
    with open_home_reader() as reader:
        if options.as_of is None and options.known_at is None:
            listed = reader.every_patient()
        else:
            listed = every_patient_then(reader, as_of=options.as_of, known_at=options.known_at)
        _print(listed, as_json=options.json)


@contextmanager
def shared_number_listed(*, as_json: bool) -> Iterator[None]:
    """List the patients of a number, if the block asks for one that several patients have.

    Raises:
        Failed: Several patients have the number.
    """
    try:
        yield
    except NumberShared as shared:
        _print(shared.patients, as_json=as_json)
        raise Failed(str(shared)) from None


def _print(listed: Iterable[PatientSummary], *, as_json: bool) -> None:
    if as_json:
        json_lines(map(patients_json, listed))
        return
    columns(
        ("patient", "mode", "identifiers", "merged into"),
        [
            (
                each.patient_id,
                each.mode,
                ", ".join(f"{number.authority}|{number.value}" for number in each.numbers),
                each.merged_into,
            )
            for each in listed
        ],
    )
