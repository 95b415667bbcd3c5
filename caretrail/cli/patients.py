"""``patients``: the known patients."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import columns, json_lines
from caretrail.reading.contract import patients_json


def patients_ls(options: Namespace) -> None:
    """List all patients; merged records come last."""
    with open_home_reader() as reader:
        if options.json:
            json_lines(map(patients_json, reader.every_patient()))
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
                for each in reader.every_patient()
            ],
        )
