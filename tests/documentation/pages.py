"""The reference pages that are made from the code; ``python -m tests.documentation`` writes them.

Each function returns a whole page. Tests compare them with the files.
"""

import argparse
import inspect
import re
from collections.abc import Iterator
from typing import Any, Final, get_args

from psycopg import Connection

from caretrail.cli import command_parser
from domain import body, segments, statement
from domain.body import SegmentClass
from domain.catalogue import STATEMENT_TOPICS, WITHDRAWN
from domain.partitions import PARTITIONS
from domain.triggers import TRIGGERS
from infra import topics
from infra.cloud_events import encode_headers
from infra.metrics import OF_ROLE
from infra.record_mac import HEADER
from infra.settings import Settings
from tests.documentation.own_events import own_events
from tests.topic_samples import event

_MADE: Final = "Made from the code by `make docs`; a test compares the two.\n"


# --- the command line -----------------------------------------------------------------------------


def cli() -> str:
    """Every verb with its arguments."""
    lines = ["# Command line", "", _MADE]
    lines += [
        "JSON goes to standard output: one object, or one object per line ([members](json.md)).",
        "Progress, warnings and logs go to standard error. Exit codes: 0 done, 1 failed, 2 wrong",
        "usage. Settings are environment variables ([settings](settings.md)).",
    ]
    for name, words, parser in _verbs(command_parser()):
        lines += ["", f"## {name}", "", f"{words[0].upper()}{words[1:]}."]
        rows = [_argument(each) for each in parser._actions if each.dest != "help"]
        if rows:
            lines += ["", "| argument | meaning |", "|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _verbs(
    parser: argparse.ArgumentParser, said: str = ""
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, verb in action.choices.items():
                yield from _verbs(verb, f"{said} {name}".strip())
            return
    yield f"caretrail {said}", parser.description or "", parser


def _argument(action: argparse.Action) -> str:
    metavar = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if action.choices:
        metavar = ",".join(map(str, action.choices))
    said = [f"{', '.join(action.option_strings)} {metavar}".strip()]
    if action.nargs in {"+", "*"}:
        said[0] += "..."
    meaning = [action.help or ""]
    if action.required and action.option_strings:
        meaning.append("required")
    if action.default not in {None, False, ""} and action.option_strings:
        meaning.append(f"default {action.default}")
    cell = "; ".join(filter(None, meaning)).replace("|", "\\|")
    return f"| `{said[0]}` | {cell} |".replace("T|INDEX", "T\\|INDEX")


# --- metrics --------------------------------------------------------------------------------------


def metrics() -> str:
    """Return the page of all metrics with their labels."""
    lines = ["# Metrics", "", _MADE]
    lines += [
        "Each role serves its own metrics in the text format of Prometheus. They are under",
        "`/metrics` on a loopback port of the role. The same port has `/healthz` (the process",
        "runs) and `/readyz` (200 if the role can work, else 503 with its problems, by part).",
        "",
        "`HOME/run/service.json` names the port of each role. If a role runs alone,",
        "`CARETRAIL_HEALTH_PORT` sets its port. The port of the pages also has these addresses;",
        "there, `/readyz` reports on all roles. Labels hold our own names and names of profiles,",
        "never patient data.",
        "",
        "| metric | role | kind | labels | meaning |",
        "|---|---|---|---|---|",
    ]
    for role, metric in ((role, each) for role, found in OF_ROLE.items() for each in found):
        described: Any = metric
        kind, labels = described._type, ", ".join(f"`{each}`" for each in described._labelnames)
        name = described._name + ("_total" if kind == "counter" else "")
        lines.append(f"| `{name}` | {role} | {kind} | {labels} | {described._documentation} |")
    return "\n".join(lines) + "\n"


# --- settings -------------------------------------------------------------------------------------


def settings() -> str:
    """Return the page of all settings with their defaults."""
    lines = ["# Settings", "", _MADE]
    lines += [
        "Every setting is an environment variable; an empty one counts as unset. `HOME` in this",
        "table is the folder that `CARETRAIL_HOME` names. Two homes share nothing: each has its",
        "own database, broker and keys. `caretrail doctor` checks what a home needs.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        shown = "" if default is None else f"`{default}`"
        if name == "home":
            shown = "`$XDG_DATA_HOME/caretrail`, else `~/.local/share/caretrail`"
        lines.append(f"| `CARETRAIL_{name.upper()}` | {shown} | {field.description} |")
    lines += [
        "",
        "How the messages of a sender are read is set in its [profile](profiles.md).",
    ]
    return "\n".join(lines) + "\n"


# --- events ---------------------------------------------------------------------------------------


def events() -> str:
    """Return the page of the topic: its names, headers, envelope, core and sealed classes."""
    wanted = topics.wanted()[0]
    lines = ["# Events", "", _MADE]
    lines += [
        "All events are on one Kafka topic, `care.events.v1`. `CARETRAIL_TOPIC_PREFIX` replaces",
        "`care`, and a later [generation](../how-to/begin-a-new-generation.md) adds `.g2`. The",
        f"topic has {PARTITIONS} partitions. The key of a record is the id of its stream, and the",
        "partition is Kafka's default for that key. Records never expire.",
        "",
        "| setting | value |",
        "|---|---|",
        *(f"| `{name}` | `{value}` |" for name, value in wanted.settings.items()),
        "",
        "## Connect",
        "",
        "The embedded broker listens on loopback and asks for a password. The address is in",
        "`HOME/run/service.json`. Connect with SASL_PLAINTEXT, the mechanism PLAIN, the user",
        "`caretrail` and the password in `HOME/kafka/password`. Brokers of a site are reached as",
        "the [settings](settings.md) `CARETRAIL_KAFKA_*` say.",
        "",
        "## Read",
        "",
        "The relay may publish an event more than once. `ce_incarnation` and `ce_notificationid`",
        "together name one event, and so does `ce_id`: a reader skips what it has. In a partition,",
        "the events that are left are in the order of their indexes.",
        "",
        "A new generation is a new topic. It holds every event of the store, from the first, under",
        "a new incarnation. The store may have lost events of the old topic, and may have given",
        "their indexes to other events. So a reader forgets what it made of the old topic, and",
        "reads the new one from its beginning. An event has the same `ce_id` in both topics.",
        "",
        "## Kinds",
        "",
        "Each statement is one event in the stream of its source record. `ce_type` is",
        "`org.caretrail.` followed by the kind. The meaning of a kind never changes; if its shape",
        "must change, a new version is added (`.v2`).",
        "",
        "| kind | triggers |",
        "|---|---|",
    ]
    triggers: dict[str, list[str]] = {}
    for trigger, kind in STATEMENT_TOPICS.items():
        triggers.setdefault(kind, []).append(trigger)
    lines += [f"| `{kind}` | {' '.join(each)} |" for kind, each in triggers.items()]
    lines += [
        "",
        "A message may be read again",
        "([why](../decisions/0016-a-second-reading-supersedes-events.md)). An event of a later",
        "reading has `reading` above 1 in its core, and names the events that no longer count in",
        f"`supersedes`. `{WITHDRAWN}` says that a later reading no longer makes a statement: the",
        "events in its `supersedes` no longer count, and nothing counts in their place.",
        "",
        "## Headers",
        "",
        "The headers follow CloudEvents 1.0 in binary mode. None of them holds patient data.",
        "",
        "| header | example |",
        "|---|---|",
    ]
    sample = event(2, partition=7, previous=1)
    lines += [
        f"| `{name}` | `{value.decode()}` |"
        for name, value in encode_headers(sample.envelope, b"01999999-0000-7000-8000-00000000000a")
    ]
    lines.append(f"| `{HEADER}` | `{'5a' * 32}` |")
    lines += [
        "",
        "- `ce_time` is happened-at. It is left out if no time was stated.",
        "- `ce_notificationid` is the index of the event in the log.",
        "- `ce_previousid` is the index of the event before it in the partition; 0 if it is the",
        "  first one.",
        "- `ce_incarnation` is the incarnation of the store. It is the same in all records of a",
        "  topic.",
        "- `ce_mac` proves that this installation has published the record. It is the last header:",
        "  HMAC-SHA-256, in hex, over the array of topic, partition, key, value and all other",
        "  headers in MessagePack. The key is derived from the master key",
        "  ([sealing](sealing.md#the-keys)). caretrail never reads a record without it. Readers",
        "  without the key must trust those who can write to the topic.",
        "",
        "The timestamp of the Kafka record is recorded-at.",
        "",
        "## Value",
        "",
        'The value is JSON: `{"envelope": {...}, "body": {"core": {...}, "sealed": [...]}}`. The',
        "body has the same bytes as in the store. Members that have their default are left out of",
        "the core.",
        "",
        "### envelope",
        "",
        *_members(body.Envelope),
        "",
        "### envelope.actor",
        "",
        *_members(body.Actor),
        "",
        "### core",
        "",
        "The core is pseudonymous: it holds refs ([ids](ids.md)), codes and times. The page on",
        "[ADT](adt.md) says from which field each member is read.",
        "",
        *_members(statement.Statement),
    ]
    for part, title in (
        (statement.Moment, "A moment"),
        (statement.Place, "A place"),
        (statement.IdentifierRef, "One of `identifiers`"),
        (statement.Movement, "`movement`"),
        (statement.ProfileSettings, "`settings`"),
    ):
        lines += ["", f"### {title}", "", *_members(part)]
    lines += [
        "",
        "### sealed",
        "",
        "`sealed` has one segment for each subject and class. The page on [sealing](sealing.md)",
        "says how a segment is opened.",
        "",
        *_members(body.SealedSegment),
        "",
        *own_events(),
        "",
        "## Sealed classes",
        "",
        "| class | holds |",
        "|---|---|",
    ]
    held = {
        name.lower(): inspect.cleandoc(shape.__doc__ or "")
        .partition("\n\n")[0]
        .partition(": ")[2]
        .replace("\n", " ")
        for name, shape in vars(segments).items()
        if inspect.isclass(shape) and name.lower() in get_args(SegmentClass)
    }
    held["message"] = "the bytes of a received message; only in the row of the message."
    lines += [f"| `{name}` | {held[name]} |" for name in get_args(SegmentClass)]
    return "\n".join(lines) + "\n"


_EMPTY: Final = {"", "None", '""', "()", "ProfileSettings()"}
_MEMBER: Final = re.compile(r"^ {4}(\w+): ([^#=]+?)(?: = ([^#]+?))?\s*(?:# (.+))?$", re.MULTILINE)


def _members(shape: type) -> list[str]:
    rows = []
    for name, kind, default, words in _MEMBER.findall(inspect.getsource(shape)):
        bare = default.strip('"')
        shown = "" if default in _EMPTY else f"default `{bare}`"
        alias = getattr(inspect.getmodule(shape), kind.removesuffix(" | None"), None)
        values = " ".join(f"`{each}`" for each in get_args(alias) if isinstance(each, str))
        meaning = "; ".join(filter(None, (words.replace("``", "`"), values, shown)))
        meaning = meaning.replace("None", "null")
        rows.append(f"| `{name}` | `{_on_the_wire(kind)}` | {meaning} |")
    return ["| member | type | meaning |", "|---|---|---|", *rows]


def _on_the_wire(kind: str) -> str:
    """Return the JSON name of a Python type."""
    literal = re.match(r"Literal\[(.*)\]", kind)
    if literal:
        return literal[1].replace('"', "").replace(", ", "` `")
    kind = re.sub(r"tuple\[(\w+), \.\.\.\]", r"list of \1", kind.replace(" | None", " or null"))
    kind = re.sub(r"\b(\w+Id|\w*Ref)\b(?<!IdentifierRef)", "string", kind)
    for ours, theirs in (
        ("datetime", "time"), ("str", "string"), ("Mode", "string"), ("Precision", "string"),
        ("Zone", "string"), ("Subject", "string"),
        ("EncounterClass", "string"), ("SegmentClass", "string"),
        ("float", "number"), ("int", "integer"), ("bool", "boolean"),
    ):  # fmt: skip
        kind = re.sub(rf"\b{ours}\b", theirs, kind)
    return kind


# --- triggers -------------------------------------------------------------------------------------


def with_triggers(page: str) -> str:
    """Return the page about ADT with the rows of its table of triggers as the code has them."""
    rows = [
        f"| {row.code} | `{row.topic}` | {row.meaning} | {row.reads.value} |\n"
        for row in TRIGGERS.values()
    ]
    before, after = re.split(r"(?:^\| A\d\d \|.*\n)+", page, maxsplit=1, flags=re.MULTILINE)
    return before + "".join(rows) + after


# --- SQL ------------------------------------------------------------------------------------------


def sql(connection: Connection[Any]) -> str:
    """Every view of schema ``care`` with its columns, from their comments."""
    lines = ["# SQL for analysts", "", _MADE]
    lines += [
        "Schema `care`. Views only gain columns, at the end; none is renamed or dropped. They",
        "hold production records alone (MSH-11 `P`), without names, birth dates and numbers; the",
        "place of a unit under 42 CFR Part 2 is null. Role `care_analyst` may read them and",
        "nothing else: `grant care_analyst to ROLE`.",
        "",
        "```sql",
        "select facility, class_code, count(*) as open",
        "from care.census",
        "group by facility, class_code",
        "order by facility, class_code;",
        "```",
        "",
        "The embedded PostgreSQL listens on a private socket: while a service or the demo runs,",
        "`caretrail doctor` says how it is reached from the same account, as `care_analyst`. For",
        "access from elsewhere, run a server of your own: `CARETRAIL_DATABASE_URL`.",
    ]
    views = connection.execute(
        """
        select relname, obj_description(oid) from pg_class
        where relnamespace = 'care'::regnamespace and relkind = 'v' order by relname
        """
    ).fetchall()
    for view, meaning in views:
        lines += ["", f"## care.{view}", "", f"{meaning}", ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        lines += [
            f"| `{name}` | `{kind}` | {comment} |"
            for name, kind, comment in connection.execute(
                """
                select attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)
                from pg_attribute
                where attrelid = %s::regclass and attnum > 0 order by attnum
                """,
                (f"care.{view}",),
            ).fetchall()
        ]
    return "\n".join(lines) + "\n"
