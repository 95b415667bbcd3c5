"""Draw the packages, their modules and their imports, from the code: ``make docs``.

A box is a package, with the names of its modules. An arrow leads from a package to one that it
imports. An arrow that follows from others is left out: if A imports B and B imports C, no arrow
leads from A to C. A package is drawn above all packages that it imports.
"""

import ast
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "docs" / "explanation" / "architecture.svg"
#: With the colour of each.
PACKAGES: Final = {
    "caretrail": "#dbeafe",
    "consumers": "#dcfce7",
    "infra": "#fef3c7",
    "commands": "#fae8ff",
    "projections": "#ffe4e6",
    "domain": "#e2e8f0",
}

_WIDTH: Final = 1460  # all measures are in pixels
_GAP: Final = 28
_ROW_GAP: Final = 64
_LINE: Final = 17
_LETTER: Final = 6.6  # width
_HEAD: Final = 30
_HEAD_LETTER: Final = 8.6
_COLUMN: Final = 142
_MARGIN: Final = 10


@dataclass(frozen=True)
class Box:
    """A package at its place in the picture."""

    package: str
    modules: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


def modules() -> dict[str, Path]:
    """Return the files of all modules by their import name; a package has that of its folder."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(known: Mapping[str, Path]) -> set[tuple[str, str]]:
    """Return which package imports which, as folders."""
    parts = parts_of_their_parent(known)
    return {
        (_drawn_in(one, parts), _drawn_in(other, parts))
        for one, other in _imports(known)
        if _drawn_in(one, parts) != _drawn_in(other, parts)
    }


def parts_of_their_parent(known: Mapping[str, Path]) -> set[str]:
    """Return the folders that are drawn as one module of the folder above.

    Such a folder and the modules beside it import each other: it is a module that grew, such as the
    stream of referrals.
    """
    edges = _imports(known)
    return {
        one for one, other in edges if one.rpartition("/")[0] == other and (other, one) in edges
    }


def _imports(known: Mapping[str, Path]) -> set[tuple[str, str]]:
    found = set()
    for path in known.values():
        for target in _imported(path):
            module = target
            while module and module not in known:
                module = module.rpartition(".")[0]
            if module:
                found.add((folder(path), folder(known[module])))
    return {(one, other) for one, other in found if one != other}


@cache
def folder(path: Path) -> str:
    """Return the folder of a module, relative to the repository."""
    return str(path.parent.relative_to(ROOT))


def _drawn_in(folder: str, parts: Container[str]) -> str:
    return folder.rpartition("/")[0] if folder in parts else folder


@cache
def _imported(path: Path) -> set[str]:
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{each.name}" for each in node.names)
    return found


def reduced(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Leave out the edges that follow from others."""
    targets: dict[str, set[str]] = {}
    for one, other in edges:
        targets.setdefault(one, set()).add(other)

    def reached(start: str) -> set[str]:
        found = set(targets.get(start, ()))
        return found.union(*map(reached, found))

    return {
        (one, other)
        for one, other in edges
        if not any(other in reached(each) for each in targets[one] - {other})
    }


def ranks(packages: Iterable[str], edges: set[tuple[str, str]]) -> dict[str, int]:
    """Return how many packages are below each, on the longest way down."""

    def rank(package: str) -> int:
        below = [rank(other) for one, other in edges if one == package]
        return 1 + max(below) if below else 0

    return {each: rank(each) for each in packages}


def boxes(known: Mapping[str, Path], edges: set[tuple[str, str]]) -> list[Box]:
    """Return the boxes at their places, row by row from the top."""
    inside: dict[str, list[str]] = {}
    parts = parts_of_their_parent(known)
    for path in known.values():
        if folder(path) in parts:
            if path.name == "__init__.py":
                inside.setdefault(_drawn_in(folder(path), parts), []).append(path.parent.name)
            continue
        inside.setdefault(folder(path), [])
        if path.name != "__init__.py":
            inside[folder(path)].append(path.stem)
    rank = ranks(inside, edges)
    placed = []
    y = float(_GAP)
    for number in range(max(rank.values()), -1, -1):
        row = [each for each in sorted(inside, key=_order) if rank[each] == number]
        columns = _shares({each: len(inside[each]) for each in row})
        widths = {each: max(columns[each] * _COLUMN, _head_width(each)) for each in row}
        width = sum(each + 2 * _MARGIN for each in widths.values())
        x = (_WIDTH - width - _GAP * (len(row) - 1)) / 2
        height = 0.0
        for each in row:
            lines = -(-max(len(inside[each]), 1) // columns[each])
            box = Box(
                package=each,
                modules=tuple(inside[each]),
                x=x,
                y=y,
                width=widths[each] + 2 * _MARGIN,
                height=_HEAD + lines * _LINE + _MARGIN,
            )
            placed.append(box)
            x += box.width + _GAP
            height = max(height, box.height)
        y += height + _ROW_GAP
    return placed


def _head_width(package: str) -> float:
    return len(package) * _HEAD_LETTER


def _order(package: str) -> tuple[int, str]:
    return list(PACKAGES).index(package.partition("/")[0]), package


def _shares(counts: Mapping[str, int]) -> dict[str, int]:
    """Return in how many columns each package of a row writes its modules: as many as fit."""
    fitting = int((_WIDTH - len(counts) * (_GAP + 2 * _MARGIN)) // _COLUMN)
    columns = dict.fromkeys(counts, 1)
    while sum(columns.values()) < fitting:
        longest = max(counts, key=lambda each: counts[each] / columns[each])
        if counts[longest] / columns[longest] <= 4:
            break
        columns[longest] += 1
    return columns


def svg() -> str:
    """Return the picture."""
    known = modules()
    edges = reduced(imports(known))
    placed = boxes(known, edges)
    at = {each.package: each for each in placed}
    height = max(each.y + each.height for each in placed) + _GAP
    size = f'width="{_WIDTH}" height="{height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" {size}',
        ' role="img" font-family="ui-sans-serif, system-ui, sans-serif">',
        "<title>The packages of caretrail, their modules, and which imports which</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"',
        ' markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#475569"/>',
        "</marker></defs>",
        f'<rect {size} fill="#ffffff"/>',
    ]
    for box in placed:
        lines += _drawn(box)
    # Above the boxes, so that an arrow which passes over one can be followed.
    lines += [_arrow(at[one], at[other]) for one, other in sorted(edges)]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _arrow(one: Box, other: Box) -> str:
    x1, y1 = one.x + one.width / 2, one.y + one.height
    x2, y2 = other.x + other.width / 2, other.y
    # Towards the side that the other is on, so that arrows of one box spread.
    shift = max(-1.0, min(1.0, (x2 - x1) / _WIDTH))
    x1 += shift * one.width / 2
    x2 -= shift * other.width / 2
    bend = max(30.0, (y2 - y1) / 2)
    return (
        f'<path d="M{x1:.0f} {y1:.0f} C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f}'
        f' {x2:.0f} {y2:.0f}" fill="none" stroke="#475569" stroke-width="1.5"'
        f' stroke-opacity="0.7" marker-end="url(#head)">'
        f"<title>{one.package} imports {other.package}</title></path>"
    )


def _drawn(box: Box) -> Iterator[str]:
    colour = PACKAGES[box.package.partition("/")[0]]
    yield (
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}"'
        f' rx="6" fill="{colour}" stroke="#64748b"/>'
    )
    yield (
        f'<text x="{box.x + _MARGIN:.0f}" y="{box.y + 20:.0f}" font-size="14" font-weight="600"'
        f' fill="#0f172a">{escape(box.package)}/</text>'
    )
    lines = -(-max(len(box.modules), 1) // max(1, int((box.width - 2 * _MARGIN) // _COLUMN)))
    for number, module in enumerate(box.modules):
        x = box.x + _MARGIN + number // lines * _COLUMN
        y = box.y + _HEAD + number % lines * _LINE
        width = min(_COLUMN - 8, len(module) * _LETTER + 10)
        yield (
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{_LINE - 3}" rx="2"'
            ' fill="#ffffff" stroke="#cbd5e1"/>'
            f'<text x="{x + 5:.0f}" y="{y + 11:.0f}" font-size="11" fill="#334155">'
            f"{escape(module)}</text>"
        )


def main() -> None:
    """Write the picture."""
    FILE.write_text(svg(), "utf-8")


if __name__ == "__main__":
    main()
