"""The released shape of every event, as files that never change.

``make shapes`` writes a file for each topic that has none. It holds a stored body, and what that
body reads as. A file is never written again: a body that was stored must be readable permanently.
If an own event has gained members since, ``make shapes`` writes one more file for its topic.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter

from domain.body import SealedSegment
from domain.catalogue import CORES, STATEMENT_TOPICS, WITHDRAWN
from domain.encoding import make_body, read_body
from domain.events import UUID_TEXT, OwnEvent
from domain.statement import Statement

FOLDER = Path(__file__).parent / "released_events"
#: A statement with every member; the other topics of statements have the same members.
SAMPLE = FOLDER / "encounter.admitted.v1.json"
_SEALED = TypeAdapter(tuple[SealedSegment, ...])


def released() -> dict[str, list[Path]]:
    """Return the files of each topic that has any."""
    found: dict[str, list[Path]] = {}
    for path in sorted(FOLDER.glob("*.json")):
        found.setdefault(json.loads(path.read_text("utf-8"))["topic"], []).append(path)
    return found


def unreleased() -> list[str]:
    """Return the topics without a file, and those of own events with a member that no file has."""
    found = released()
    return [
        topic
        for topic, kind in sorted(CORES.items())
        if topic not in found
        or (issubclass(kind, OwnEvent) and not _members_now(topic) <= _members_of(found[topic]))
    ]


def write() -> list[Path]:
    """Write a file for each topic with a member that no file has; return the files."""
    written = []
    for topic in unreleased():
        body = _sample(topic)
        read = read_body(topic, body)
        content = {
            "topic": topic,
            "body": body.decode(),
            "reads_as": {
                "core": json.loads(_core(body, topic)),
                "sealed": json.loads(_SEALED.dump_json(read.sealed)),
            },
        }
        path = next(each for each in _names(topic) if not each.exists())
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
        written.append(path)
    return written


def _names(topic: str) -> Iterable[Path]:
    yield FOLDER / f"{topic}.json"
    yield from (FOLDER / f"{topic}.{number}.json" for number in count(2))


def _core(body: bytes, topic: str) -> bytes:
    """Return the core that a body reads as, with the members that have their default value."""
    core = read_body(topic, body).core
    return TypeAdapter(type(core)).dump_json(core)


def _members_now(topic: str) -> set[str]:
    return _members(json.loads(_core(_sample(topic), topic)))


def _members_of(paths: Iterable[Path]) -> set[str]:
    cores = [json.loads(path.read_text("utf-8"))["reads_as"]["core"] for path in paths]
    return {member for core in cores for member in _members(core)}


def _members(core: object, name: str = "") -> set[str]:
    """Return the members of a core and of the objects in it, such as ``target.person``."""
    if isinstance(core, list):
        return {member for each in core for member in _members(each, name)}
    if not isinstance(core, dict):
        return {name}
    return {member for key, each in core.items() for member in _members(each, f"{name}.{key}")}


def _sample(topic: str) -> bytes:
    """Return the body of an event in which every member has a value."""
    sample = json.loads(SAMPLE.read_text("utf-8"))
    statement = read_body(sample["topic"], sample["body"].encode())
    kind = CORES[topic]
    if issubclass(kind, OwnEvent):
        return make_body(_filled(kind), statement.sealed[:1])
    assert isinstance(statement.core, Statement)
    if topic == WITHDRAWN:
        withdrawn = _filled(Statement)
        return make_body(replace(withdrawn, trigger=statement.core.trigger), statement.sealed[:0])
    code = next(code for code, each in STATEMENT_TOPICS.items() if each == topic)
    return make_body(replace(statement.core, trigger=code), statement.sealed)


_UUID: Final = "01990000-0000-8000-8000-000000000001"
#: Texts for members that are text: the first one that fits the patterns of the member.
_TEXTS: Final = ("code", _UUID, "c1", "g1", "a1", "l1", "d1", "l1/1", "keyed-hash-of-a-thing_")


def _filled(hint: Any, patterns: tuple[str, ...] = ()) -> Any:  # noqa: PLR0911 - a table of types
    """Return a value of a type; of a union the first member, of a list one element."""
    hint = getattr(hint, "__supertype__", hint)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        values = {
            name: _filled(field.annotation, _patterns(field.metadata))
            for name, field in hint.model_fields.items()
        }
        return hint.model_validate(values)
    if isinstance(hint, type) and is_dataclass(hint):
        kinds = get_type_hints(hint)
        return hint(**{each.name: _filled(kinds[each.name]) for each in fields(hint)})
    inner = get_args(hint)
    if get_origin(hint) is Literal:
        return inner[-1]
    if get_origin(hint) is tuple:
        return (_filled(inner[0]),)
    if hasattr(hint, "__metadata__"):  # Annotated
        return _filled(inner[0], _patterns(hint.__metadata__))
    if inner:  # a union
        return _filled(next(each for each in inner if each is not NoneType), patterns)
    if hint is str:
        return next(
            each
            for each in _TEXTS
            if all(re.fullmatch(pattern, each) for pattern in patterns)
            and (UUID_TEXT in patterns) == (each == _UUID)
        )
    return {
        bool: True, int: 3, float: 1.5, date: date(2026, 3, 1),
        datetime: datetime(2026, 3, 1, 8, tzinfo=UTC),
    }[hint]  # fmt: skip


def _patterns(constraints: Iterable[Any]) -> tuple[str, ...]:
    """Return the patterns among constraints, also of a ``Field`` within ``Annotated``."""
    flat = [one for each in constraints for one in (each, *getattr(each, "metadata", ()))]
    return tuple(str(each.pattern) for each in flat if getattr(each, "pattern", None))


if __name__ == "__main__":
    for path in write():
        print(f"wrote {path.name}: commit it, and never change it")  # noqa: T201
