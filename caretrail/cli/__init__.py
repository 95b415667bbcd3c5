"""The command line: verbs and flags. Each verb's work is in the module of its name.

JSON goes to standard output, one object or one object per line. Progress, warnings and logs go to
standard error. Exit codes: 0 done, 1 failed, 2 wrong usage. A verb's module is imported when the
verb is run, so that ``--help`` stays fast.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

from caretrail.cli.arguments import address, code, count, id_of, named_version
from caretrail.cli.command_groups import command_groups
from caretrail.cli.duty_verbs import duty_verbs
from caretrail.cli.protocol_verbs import protocol_verbs
from caretrail.cli.reprocess_verb import reprocess_verb
from caretrail.cli.team_verbs import responsible_verbs
from caretrail.cli.token_verbs import token_verbs
from caretrail.cli.verbs import Verbs, add_group, add_instants, add_json, add_limit, add_verb
from caretrail.lasting import import_lasting
from caretrail.signals import unwinding

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = command_parser(given)
    options = parser.parse_args(given)
    if options.print_version:
        from importlib.metadata import version  # noqa: PLC0415 - takes as long as all of --help

        print(f"caretrail {version('caretrail')}")  # noqa: T201
        return DONE
    if "work" not in options:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    module, _, name = cast("str", options.work).partition(":")
    work = cast(
        "Callable[[argparse.Namespace], int | None]",
        getattr(import_lasting(f"caretrail.cli.{module}"), name),
    )
    try:
        with unwinding():
            return work(options) or DONE
    except BrokenPipeError:
        # The reader of our output has closed it, as ``head`` does. There is nothing to report.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - the boundary: every error is reported in words
        # Imported only here: --help must not pay for it.
        from caretrail.problems import explanation  # noqa: PLC0415
        from infra.log import place_of  # noqa: PLC0415

        words = explanation(error)
        if words is None:
            # The text of the error is left out: drivers quote patient data in it.
            words = f"a bug in caretrail: {type(error).__name__} at {place_of(error)}"
        print(f"caretrail: {words}", file=sys.stderr)  # noqa: T201
        return FAILED


def command_parser(arguments: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Return the parser of the arguments: every verb with its flags.

    If ``arguments`` are given, verbs that they do not name may be left out.
    """
    parser = argparse.ArgumentParser(
        prog="caretrail",
        description="Care transitions as immutable events: ADT messages in, timelines and audit"
        " trail out.",
        epilog="CARETRAIL_HOME names the folder of all data; docs/reference/settings.md lists every"
        " setting.",
    )
    parser.add_argument(
        "--version", action="store_true", dest="print_version", help="print the version"
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    _service_verbs(verbs)
    _message_verbs(verbs)
    _reading_verbs(verbs)
    command_groups(verbs, arguments)
    responsible_verbs(verbs)
    duty_verbs(verbs)
    protocol_verbs(verbs)
    _event_verbs(verbs)
    token_verbs(verbs)
    _backup_verbs(verbs)
    return parser


def _service_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    demo = add_verb(
        verbs, "demo", "demo:demo", "run a service with a synthetic week of data until Ctrl-C"
    )
    demo.add_argument("--reset", action="store_true", help="delete the earlier demo first")
    serve = add_verb(
        verbs,
        "serve",
        "serve:serve",
        "receive ADT, publish events, update the read models and serve the pages",
    )
    serve.add_argument(
        "--only",
        metavar="ROLES",
        help="run only these roles, comma separated: mllp, http, relay, projector",
    )
    login = add_verb(
        verbs, "login", "login:login", "print a link that signs a person in to the pages once"
    )
    login.add_argument(
        "--as", dest="subject", type=code, metavar="NAME", help="who signs in; by default the user"
    )
    login.add_argument(
        "--role",
        action="append",
        choices=["coordinator", "clinician", "analyst", "compliance", "operator"],
        help="a role that the person may take; repeat the flag for more; by default all",
    )
    login.add_argument(
        "--organisation",
        action="append",
        type=code,
        metavar="CODE",
        help="an organisation that the person acts for; repeat the flag for more; by default every"
        " facility that has a name",
    )
    add_json(login)
    doctor = add_verb(
        verbs,
        "doctor",
        "doctor:doctor",
        "check settings, disk, database and Kafka; print what to fix",
    )
    add_json(doctor)


def _message_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    ingest = add_verb(
        verbs, "ingest", "ingest:ingest", "record the HL7 v2 messages of files or folders"
    )
    ingest.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder of files")
    ingest.add_argument(
        "--sender", metavar="NAME", help="read the messages with this sender profile"
    )
    ingest.add_argument(
        "--backfill",
        action="store_true",
        help="the messages are a backlog: no work is owed because of discharges that they tell",
    )
    add_json(ingest)
    send = add_verb(
        verbs, "send", "send:send", "send messages to an MLLP listener and count its answers"
    )
    send.add_argument("path", metavar="PATH", help="a file, or a folder of files")
    send.add_argument(
        "--to", type=address, required=True, metavar="HOST:PORT", help="address of the listener"
    )
    send.add_argument("--rate", type=float, metavar="N", help="send at most N messages per second")
    send.add_argument(
        "--retries",
        type=int,
        default=3,
        metavar="N",
        help="send a message again up to N times after AR or no answer",
    )
    send.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="wait so long for each answer",
    )
    send.add_argument(
        "--save-acks", metavar="FILE", help="write the answers to FILE, in MLLP frames"
    )
    add_json(send)
    messages = add_group(verbs, "messages", "list and show received messages, and read them again")
    listed = add_verb(
        messages, "ls", "messages:messages_ls", "list received messages, newest first"
    )
    listed.add_argument(
        "--disposition",
        choices=["recorded", "duplicate", "no_effect", "quarantined", "unreadable"],
        help="filter by outcome; duplicate: the messages that were sent again",
    )
    listed.add_argument("--control-id", metavar="ID", help="filter by MSH-10")
    listed.add_argument("--trigger", metavar="CODE", help="filter by trigger, such as A01")
    listed.add_argument("--sender", metavar="NAME", help="filter by sender profile")
    add_limit(listed, 100)
    add_json(listed)
    show = add_verb(
        messages,
        "show",
        "messages:messages_show",
        "show one message: its outcome, its events and its bytes",
    )
    show.add_argument("id", metavar="ID", help="a message id, as `messages ls` prints it")
    add_json(show)
    quarantine = add_verb(
        messages,
        "quarantine",
        "messages:messages_quarantine",
        "list the messages in quarantine, newest first",
    )
    add_limit(quarantine, 100)
    add_json(quarantine)
    reprocess_verb(messages)
    generate = add_verb(
        verbs,
        "generate",
        "generate:generate",
        "generate synthetic ADT messages, and the true encounters behind them",
    )
    generate.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the same seed gives the same messages"
    )
    generate.add_argument("--days", type=count, default=7, metavar="N", help="number of days")
    generate.add_argument(
        "--truth", metavar="FILE", help="write the true encounters to FILE, as JSON"
    )
    where = generate.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--to", type=address, metavar="HOST:PORT", help="send the messages to this MLLP listener"
    )
    where.add_argument(
        "--out", metavar="DIR", help="write the messages and profiles.toml to this folder"
    )


def _reading_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    patients = add_group(verbs, "patients", "list patients")
    listed = add_verb(
        patients, "ls", "patients:patients_ls", "list all patients; merged ones come last"
    )
    add_instants(listed)
    add_json(listed)
    timeline = add_verb(
        verbs, "timeline", "timeline:timeline", "show one patient's encounters in all facilities"
    )
    timeline.add_argument(
        "patient",
        metavar="PATIENT",
        help="AUTHORITY|IDENTIFIER, or the id of the patient or of one of its encounters or events",
    )
    add_instants(timeline)
    add_json(timeline)
    census = add_verb(verbs, "census", "census:census", "list the occupied places")
    census.add_argument("--facility", metavar="F", help="only this facility")
    add_instants(census)
    add_json(census)
    why = add_verb(verbs, "why", "why:why", "show the events behind an id, and their causes")
    why.add_argument(
        "id", metavar="ID", help="id of a patient, encounter, stream, work item, event or message"
    )
    add_json(why)


def _event_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    projections = add_group(verbs, "projections", "list, rebuild and hash the read models")
    names = {"nargs": "*", "metavar": "NAME", "help": "only these read models; all if not given"}
    listed = add_verb(
        projections,
        "ls",
        "projections:projections_ls",
        "list the read models with version, rows and position",
    )
    listed.add_argument("names", **names)  # type: ignore[arg-type]  # argparse types kwargs singly
    add_json(listed)
    rebuild = add_verb(
        projections,
        "rebuild",
        "projections:projections_rebuild",
        "rebuild read models from the recorded events",
    )
    rebuild.add_argument("names", **names)  # type: ignore[arg-type]  # as above
    rebuild.add_argument(
        "--from",
        dest="source",
        choices=["store", "kafka"],
        default="store",
        help="where to read the events",
    )
    rebuild.add_argument(
        "--keep",
        action="store_true",
        help="keep the versions before up to date too, so that `switch` can go back to them",
    )
    add_json(rebuild)
    switch = add_verb(
        projections,
        "switch",
        "projections:projections_switch",
        "show the kept version of read models; the version shown before is kept instead",
    )
    switch.add_argument(
        "versions",
        nargs="+",
        type=named_version,
        metavar="NAME=VERSION",
        help="a read model and one of its versions that `rebuild --keep` kept: see `ls`",
    )
    add_json(switch)
    add_json(
        add_verb(
            projections,
            "parked",
            "projections:projections_parked",
            "list the events that are set aside, because they cannot be interpreted or shown",
        )
    )
    add_json(
        add_verb(
            projections,
            "retry",
            "projections:projections_retry",
            "interpret again what is set aside, after its cause was mended",
        )
    )
    digest = add_verb(
        projections,
        "digest",
        "projections:projections_digest",
        "print a hash of the content of each read model",
    )
    digest.add_argument("names", **names)  # type: ignore[arg-type]  # as above
    add_json(digest)
    audit = add_group(verbs, "audit", "list all events; compare the store with Kafka")
    trail = add_verb(audit, "trail", "audit:audit_trail", "list events in the order of recording")
    trail.add_argument("--patient", metavar="PATIENT", help="only events about this patient")
    trail.add_argument(
        "--after", type=int, default=0, metavar="INDEX", help="only events after this index"
    )
    add_limit(trail, 1000)
    add_json(trail)
    replay = add_verb(
        audit,
        "replay",
        "replay:audit_replay",
        "show a patient's history as it became known: what each event changed",
    )
    replay.add_argument("patient", metavar="PATIENT", help="a patient id, or AUTHORITY|IDENTIFIER")
    replay.add_argument(
        "--after", type=count, default=0, metavar="INDEX", help="begin after this event"
    )
    replay.add_argument(
        "--compare",
        nargs=2,
        type=count,
        metavar="INDEX",
        help="show instead in what two moments differ: after one event, and after another",
    )
    add_limit(replay, 1000)
    add_json(replay)
    accesses = add_verb(
        audit, "accesses", "replay:audit_accesses", "list who read data of a patient"
    )
    accesses.add_argument(
        "patient", metavar="PATIENT", help="a patient id, or AUTHORITY|IDENTIFIER"
    )
    accesses.add_argument("--before", type=id_of, metavar="ID", help="only records before this one")
    add_limit(accesses, 1000)
    add_json(accesses)
    reconcile = add_verb(
        audit,
        "reconcile",
        "audit:audit_reconcile",
        "publish the events that Kafka lacks, then compare the store with the topic",
    )
    add_json(reconcile)
    topics = add_group(verbs, "topics", "list and create the topics on Kafka")
    add_json(add_verb(topics, "ls", "topics:topics_ls", "list the topics and their settings"))
    apply = add_verb(
        topics,
        "apply",
        "topics:topics_apply",
        "create missing topics and correct settings that differ",
    )
    apply.add_argument(
        "--new-generation",
        action="store_true",
        help="begin new topics; the service publishes every event to them",
    )
    add_json(apply)


def _backup_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    backup = add_verb(
        verbs, "backup", "backup:backup", "write the store and its data keys to files"
    )
    backup.add_argument(
        "--store",
        type=Path,
        metavar="FILE",
        help="write events, messages and idempotency keys here",
    )
    backup.add_argument("--keys", type=Path, metavar="FILE", help="write the data keys here")
    add_json(backup)
    restore = add_verb(
        verbs, "restore", "backup:restore", "restore a backup into an empty database or home"
    )
    restore.add_argument("--store", type=Path, metavar="FILE", help="a backup of a store")
    restore.add_argument(
        "--keys", type=Path, metavar="FILE", help="a backup of its data keys; alone: add the keys"
    )
    add_json(restore)
