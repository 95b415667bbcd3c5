"""The command line: what people script against. Verbs and flags here, each verb's work beside.

JSON goes to standard output, one object or one object a line; progress, warnings and logs go to
standard error; exit 0 done, 1 failed, 2 wrong usage. A verb's module is imported when it is run, so
that ``--help`` answers at once.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, cast

from caretrail.cli.arguments import address, count, instant, instant_or_index
from caretrail.signals import unwinding

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return its exit code."""
    parser = command_parser()
    options = parser.parse_args(arguments)
    if options.version:
        from importlib.metadata import version  # noqa: PLC0415 - takes as long as all of --help

        print(f"caretrail {version('caretrail')}")  # noqa: T201
        return DONE
    if "work" not in options:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    module, _, name = cast("str", options.work).partition(":")
    work = cast(
        "Callable[[argparse.Namespace], int | None]",
        getattr(import_module(f"caretrail.cli.{module}"), name),
    )
    try:
        with unwinding():
            return work(options) or DONE
    except BrokenPipeError:
        # The reader of our output has gone, as ``head`` does: nothing to tell, and nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, it is said in words
        # Errors are rare; so are these imports.
        from caretrail.problems import in_words  # noqa: PLC0415
        from infra.log import place_of  # noqa: PLC0415

        words = in_words(error)
        if words is None:
            # Never its own text, as an uncaught one would show: drivers quote data in it.
            words = f"this is a bug of ours: {type(error).__name__} at {place_of(error)}"
        print(f"caretrail: {words}", file=sys.stderr)  # noqa: T201
        return FAILED


def command_parser() -> argparse.ArgumentParser:
    """Return what reads the arguments: every verb with its flags."""
    parser = argparse.ArgumentParser(
        prog="caretrail",
        description="Care transitions as immutable events: ADT in, timelines and audit trail out.",
        epilog="CARETRAIL_HOME says where everything is kept; see docs/reference/settings.md.",
    )
    parser.add_argument("--version", action="store_true", help="show the version and end")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    _running(verbs)
    _intake(verbs)
    _reading(verbs)
    _keeping(verbs)
    return parser


_Verbs = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def _verb(
    verbs: "_Verbs[argparse.ArgumentParser]", name: str, work: str, words: str
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=words, description=words)
    verb.set_defaults(work=work)
    return verb


def _group(
    verbs: "_Verbs[argparse.ArgumentParser]", name: str, words: str
) -> "_Verbs[argparse.ArgumentParser]":
    group = verbs.add_parser(name, help=words, description=words)
    return group.add_subparsers(metavar="VERB", required=True)


def _json(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="one JSON object, or one a line")


def _instants(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--as-of", type=instant, metavar="T", help="as it was in the world at T (RFC 3339)"
    )
    verb.add_argument(
        "--known-at",
        type=instant_or_index,
        metavar="T|INDEX",
        help="as known at T, or at the event with that index",
    )


def _running(verbs: "_Verbs[argparse.ArgumentParser]") -> None:
    demo = _verb(
        verbs, "demo", "demonstrating:demo", "a synthetic region-week, served until Ctrl-C"
    )
    demo.add_argument("--reset", action="store_true", help="forget the earlier demo first")
    serve = _verb(verbs, "serve", "operating:serve", "receive, publish, project and show")
    serve.add_argument(
        "--only", metavar="ROLES", help="comma separated: mllp, http, relay, projector"
    )
    doctor = _verb(verbs, "doctor", "operating:doctor", "check this machine; print what to mend")
    _json(doctor)


def _intake(verbs: "_Verbs[argparse.ArgumentParser]") -> None:
    ingest = _verb(
        verbs, "ingest", "taking_in:ingest", "take in files or folders of HL7 v2 messages"
    )
    ingest.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder of them")
    ingest.add_argument("--sender", metavar="NAME", help="the profile to read them by")
    _json(ingest)
    send = _verb(verbs, "send", "taking_in:send", "send messages by MLLP, reading whole ACKs")
    send.add_argument("path", metavar="PATH", help="a file, or a folder of them")
    send.add_argument(
        "--to", type=address, required=True, metavar="HOST:PORT", help="the MLLP listener"
    )
    send.add_argument("--rate", type=float, metavar="N", help="at most N messages a second")
    send.add_argument("--retries", type=int, default=3, metavar="N", help="after AR or no answer")
    send.add_argument("--save-acks", metavar="FILE", help="keep the acknowledgements, in frames")
    _json(send)
    messages = _group(verbs, "messages", "what was received, and what became of it")
    listed = _verb(messages, "ls", "taking_in:messages_ls", "list messages, newest first")
    listed.add_argument(
        "--disposition",
        choices=["recorded", "no_effect", "quarantined", "unreadable"],
        help="only those that ended so",
    )
    listed.add_argument("--control-id", metavar="ID", help="only those with this MSH-10")
    listed.add_argument("--trigger", metavar="TRIGGER", help="such as A01: only those")
    listed.add_argument("--sender", metavar="NAME", help="only those read by this profile")
    listed.add_argument("--limit", type=count, default=100, metavar="N", help="at most so many")
    _json(listed)
    show = _verb(messages, "show", "taking_in:messages_show", "one message: its bytes, its events")
    show.add_argument("id", metavar="ID", help="as `messages ls` shows it")
    _json(show)
    quarantine = _verb(
        messages, "quarantine", "taking_in:messages_quarantine", "list what waits to be mended"
    )
    quarantine.add_argument("--limit", type=count, default=100, metavar="N", help="at most so many")
    _json(quarantine)
    generate = _verb(verbs, "generate", "generating:generate", "synthetic ADT that knows its truth")
    generate.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the same seed, the same messages"
    )
    generate.add_argument("--days", type=count, default=7, metavar="N", help="how many days")
    generate.add_argument("--truth", metavar="FILE", help="write what really happened, as JSON")
    where = generate.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", type=address, metavar="HOST:PORT", help="send by MLLP")
    where.add_argument("--out", metavar="DIR", help="write files, and profiles.toml")


def _reading(verbs: "_Verbs[argparse.ArgumentParser]") -> None:
    patients = _group(verbs, "patients", "who is known")
    _json(_verb(patients, "ls", "reading:patients_ls", "list patients"))
    timeline = _verb(verbs, "timeline", "reading:timeline", "one patient across facilities")
    timeline.add_argument(
        "patient", metavar="PATIENT", help="a patient id, or AUTHORITY|IDENTIFIER"
    )
    _instants(timeline)
    _json(timeline)
    census = _verb(verbs, "census", "reading:census", "who is where")
    census.add_argument("--facility", metavar="F", help="only this facility")
    _instants(census)
    _json(census)
    why = _verb(verbs, "why", "reading:why", "from a row to its events to the messages received")
    why.add_argument("id", metavar="ID", help="a patient, encounter, event or message id")
    _json(why)


def _keeping(verbs: "_Verbs[argparse.ArgumentParser]") -> None:
    projections = _group(verbs, "projections", "the read models")
    names = {"nargs": "*", "metavar": "NAME", "help": "only these; all unless given"}
    listed = _verb(
        projections, "ls", "keeping:projections_ls", "list them: version, rows, position"
    )
    listed.add_argument("names", **names)  # type: ignore[arg-type]  # argparse types kwargs singly
    _json(listed)
    rebuild = _verb(projections, "rebuild", "keeping:projections_rebuild", "build them anew")
    rebuild.add_argument("names", **names)  # type: ignore[arg-type]  # as above
    rebuild.add_argument(
        "--from", dest="source", choices=["store", "kafka"], default="store", help="read the events"
    )
    _json(rebuild)
    digest = _verb(projections, "digest", "keeping:projections_digest", "hash their content")
    digest.add_argument("names", **names)  # type: ignore[arg-type]  # as above
    _json(digest)
    audit = _group(verbs, "audit", "who, what, when; store and topic side by side")
    trail = _verb(audit, "trail", "keeping:audit_trail", "list every event")
    trail.add_argument("--patient", metavar="PATIENT", help="only events about this patient")
    trail.add_argument("--after", type=int, default=0, metavar="INDEX", help="only later events")
    trail.add_argument("--limit", type=count, default=1000, metavar="N", help="at most so many")
    _json(trail)
    reconcile = _verb(
        audit,
        "reconcile",
        "keeping:audit_reconcile",
        "publish what is owed; compare store and topic",
    )
    _json(reconcile)
    topics = _group(verbs, "topics", "what is on Kafka")
    _json(_verb(topics, "ls", "keeping:topics_ls", "list our topics and their settings"))
    apply = _verb(topics, "apply", "keeping:topics_apply", "create or mend our topics")
    apply.add_argument(
        "--new-generation",
        action="store_true",
        help="begin new topics; every event of the store is published to them",
    )
    _json(apply)
