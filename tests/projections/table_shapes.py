"""The shapes of the tables of each projection, as files.

``make shapes`` writes the files. Each holds the version of a
projection and the shape of its tables. An installation rebuilds a projection when its version has
changed. So a shape must not change under the same version: the command refuses to write that.
"""

import json
import sys
from dataclasses import is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from projections.catalogue import PROJECTIONS
from projections.engine.course import CoursePatient
from projections.engine.projection import Projection
from projections.engine.projection_list import ENGINE_OWN
from projections.engine.table import Table

FOLDER = Path(__file__).parent / "released_tables"
COMMAND = "make shapes"
#: The projections of the catalogue, and the engine's own.
LOCKED: dict[str, Projection] = {one.name: one for one in (*ENGINE_OWN, *PROJECTIONS)}
#: Types that a column holds as JSON, by table and column.
HELD = {("course", "patients"): CoursePatient}


def shape_of(projection: Projection) -> dict[str, Any]:
    """Return the shape of the tables of a projection."""
    return {table.name: _table(table) for table in projection.tables}


def released(name: str) -> dict[str, Any]:
    """Return the content of the file of a projection; empty if there is none."""
    file = FOLDER / f"{name}.json"
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def problem(projection: Projection, file: dict[str, Any]) -> str | None:
    """Return what is wrong with a projection and its file, and what to do; None if nothing is."""
    name, version, shape = projection.name, projection.version, shape_of(projection)
    if not file:
        return f"{name} has no file in released_tables: run `{COMMAND}` and commit the file."
    if file["version"] > version:
        return f"{name} has version {version}, below the released {file['version']}: raise it."
    if file["version"] < version:
        return f"{name} has a new version, {version}: run `{COMMAND}` and commit the file."
    if file["tables"] != shape:
        changed = ", ".join(
            table
            for table in sorted({*shape, *file["tables"]})
            if shape.get(table) != file["tables"].get(table)
        )
        return (
            f"{name}: {changed} has changed, and the version is still {version}. Installations"
            f" would keep tables of the old shape. Raise `version` of {name} to {version + 1},"
            f" run `{COMMAND}` and commit the file."
        )
    return None


def write() -> list[str]:
    """Write the files of projections with a new version; return what is wrong with the others."""
    problems = []
    for projection in LOCKED.values():
        file = released(projection.name)
        if not file or projection.version > file["version"]:
            content = {"version": projection.version, "tables": shape_of(projection)}
            text = json.dumps(content, indent=1) + "\n"
            (FOLDER / f"{projection.name}.json").write_text(text, "utf-8")
        elif found := problem(projection, file):
            problems.append(found)
    return problems


def _table(table: Table) -> dict[str, Any]:
    columns = {}
    for column in table.columns:
        words: list[str] = [column.kind, column.role]
        words += ["not null"] if column.required else []
        words += [] if column.published else ["not published"]
        columns[column.name] = ", ".join(words)
    shape: dict[str, Any] = {
        "columns": columns,
        "key": list(table.key),
        "indexes": [list(index) for index in table.indexes],
    }
    if table.lists:
        shape["lists"] = list(table.lists)
    held: dict[str, list[str]] = {}
    for (name, _), kind in HELD.items():
        if name == table.name:
            _add_members(kind, held)
    return shape | ({"holds": held} if held else {})


def _add_members(kind: Any, found: dict[str, list[str]]) -> None:
    """Add the members of a type, and of the types of its members."""
    if kind.__name__ in found:
        return
    hints = get_type_hints(kind)
    found[kind.__name__] = [f"{name}: {_text(hint)}" for name, hint in hints.items()]
    for hint in hints.values():
        for one in _types_in(hint):
            _add_members(one, found)


def _text(hint: Any) -> str:
    inner = get_args(hint)
    if get_origin(hint) is Literal:
        return "code"
    if get_origin(hint) is tuple:
        return f"list of {_text(inner[0])}"
    if inner:
        return " or ".join(map(_text, inner))
    return "null" if hint is NoneType else str(hint.__name__)


def _types_in(hint: Any) -> list[Any]:
    if isinstance(hint, type) and (is_dataclass(hint) or hasattr(hint, "_fields")):
        return [hint]
    return [one for each in get_args(hint) for one in _types_in(each)]


if __name__ == "__main__":
    sys.exit("\n".join(write()) or None)
