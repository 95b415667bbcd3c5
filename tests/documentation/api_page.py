"""The reference page of the API, made from its routes, the table of roles and the problems."""

from typing import Final

from caretrail.api.collections import command_routes
from caretrail.api.document import document
from caretrail.api.reads import read_routes
from commands.permissions import ROLES, Grant, Role

_ABOUT: Final = """\
# API

Made from the code by `make docs`; a test compares the two.

The API is under `/api/v1` of the pages. `GET /api/v1/openapi.json` describes every request with its
parameters, members, answers and an example.

| header | meaning |
|---|---|
| `Authorization` | `Bearer TOKEN` ([how to get one](../how-to/give-people-access.md)) |
| `Purpose-Of-Use` | purpose of use as a code, such as `TREAT`; every request states it |
| `Access-Reason` | a code: why the caller reads patients who are not in the caller's care |
| `Idempotency-Key` | of a command: a repeated key records nothing and gets the same answer |
| `If-Match` | of a command: the `ETag` of the stream that the caller has seen |

If a key is repeated, the answer has the header `Idempotency-Replayed: true`. If the stream has
another version than `If-Match` says, the answer is 409 and lists what changed.

A command names the patient in its body, as `patient`: a patient id, or `AUTHORITY|IDENTIFIER`. A
number that no message has named is refused (`unknown_person`), unless the body has
`"new_person": true`. Then the answer has the warning `patient_not_named_yet`, and the entry waits
for the first message ([why](../decisions/0024-a-new-person-is-stated.md)). Addresses hold ids
alone. Times are written as a time or a day. A command answers with the events that it recorded;
`events[].index` is what `wait_for` takes.

Reads take `as_of`, what was true at a time, and `known_at`, what was recorded by a time or up to
the index of an event. Only the search for patients is always as of now. With `wait_for=INDEX` the
answer waits until the read models hold that event, at most `CARETRAIL_READ_WAIT` seconds; then it
is 504. A list is `{items, next}`: `next` is the `cursor` of the next page, or null. A page may hold
fewer rows than `limit`, because rows that the caller may not read are left out. Without
`Access-Reason`, a coordinator or clinician sees only patients in the caller's care: a list may be
empty. An offset of a time is escaped in an address: `2026-03-02T14:05:00%2B01:00`. If a parameter,
header or member is refused, `facts.errors` names its place (`where`) and what to write. The
members of the answers are [those of the command line](json.md).
"""


def api() -> str:
    """Every route, the table of roles, and every problem."""
    lines = [_ABOUT, "## Reads", "", "| request | answer |", "|---|---|"]
    lines += [
        f"| `{read.method} {read.path}` | {read.words} |"
        for read in sorted(read_routes(), key=lambda each: each.path)
    ]
    lines += ["", "## Commands", "", "| request | does | permission |", "|---|---|---|"]
    for route in sorted(command_routes(), key=lambda each: each.path):
        words = (route.command.__doc__ or "").strip().partition("\n")[0]
        lines.append(f"| `POST {route.path}` | {words} | {route.command.PERMISSION} |")
    lines += ["", "## Roles", "", "A dash: not allowed.", ""]
    lines += [f"| | {' | '.join(Role)} |", "|---" * (len(Role) + 1) + "|"]
    for permission, row in ROLES.items():
        cells = ("-" if row[role] is Grant.NO else row[role] for role in Role)
        lines.append(f"| {permission} | {' | '.join(cells)} |")
    lines += ["", "## Problems", "", "| status | code | meaning | what to do |", "|---" * 4 + "|"]
    examples = document()["components"]["examples"]
    problems = [(each["value"]["status"], code, each["value"]) for code, each in examples.items()]
    for status, code, value in sorted(problems, key=lambda each: each[:2]):
        lines.append(f"| {status} | `{code}` | {value['title']} | {value['remedy']} |")
    return "\n".join(lines) + "\n"
