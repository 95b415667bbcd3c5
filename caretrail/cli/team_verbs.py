"""The verbs that only read care teams and attributions, ``responsible``, and ``roster``."""

import argparse
from pathlib import Path

from caretrail.cli.arguments import code
from caretrail.cli.verbs import Verbs, add_group, add_instants, add_json, add_verb


def team_reads(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add the verbs of ``team`` that only read."""
    show = add_verb(verbs, "show", "team:team_show", "show the care team of a patient")
    _add_patient(show)


def attribution_reads(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add the verbs of ``attribution`` that only read."""
    show = add_verb(verbs, "show", "team:attribution_show", "show the attributions of a patient")
    _add_patient(show)


def responsible_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add ``responsible`` and ``roster``."""
    verb = add_verb(
        verbs, "responsible", "team:responsible", "show who is responsible for a patient"
    )
    verb.add_argument(
        "--scope",
        choices=["all", "transition", "programme"],
        default="all",
        help="what the coordinator is responsible for; all if not given",
    )
    verb.add_argument(
        "--programme", type=code, metavar="CODE", help="programme, if the scope is programme"
    )
    _add_patient(verb)
    roster = add_group(verbs, "roster", "load rosters, which attribute patients")
    load = add_verb(roster, "load", "roster:roster_load", "load a roster from a CSV file")
    load.add_argument("file", type=Path, metavar="FILE", help="CSV file with a header")
    load.add_argument("--roster", type=code, required=True, metavar="CODE", help="id of the roster")
    load.add_argument(
        "--complete",
        action="store_true",
        help="the file is the whole roster: end the attributions by it that the file does not name",
    )
    load.add_argument(
        "--refusals",
        type=Path,
        metavar="FILE",
        help="write every refused row to this CSV file: line, code, reason",
    )
    load.add_argument(
        "--zone",
        default="UTC",
        metavar="ZONE",
        help="IANA zone in which the days of the file begin; UTC if not given",
    )
    load.add_argument(
        "--mode",
        choices=["P", "T", "D"],
        default="P",
        help="processing mode of the patients; P if not given",
    )
    load.add_argument(
        "--as", dest="actor", required=True, metavar="ACTOR", help="person who loads the roster"
    )
    load.add_argument(
        "--purpose", required=True, metavar="CODE", help="purpose of use, such as HOPERAT"
    )
    add_json(load)


def _add_patient(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("patient", metavar="PATIENT", help="a patient id, or AUTHORITY|IDENTIFIER")
    add_instants(verb)
    add_json(verb)
