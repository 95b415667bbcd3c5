"""Make mutants: copies of a module in which one small thing is changed.

Each change is one that a person could make by mistake: a comparison off by one, a condition
forgotten, an element missing from a table, a default dropped. Annotations, docstrings, decorators
and imports are left alone, because no test of behaviour can notice them.
"""

import ast
import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final, TypeAlias, TypeVar

_Node: TypeAlias = ast.expr | ast.stmt
_T = TypeVar("_T", bound=_Node)

_OTHER_COMPARISON: Final[dict[type[ast.cmpop], ast.cmpop]] = {
    ast.Lt: ast.LtE(), ast.LtE: ast.Lt(), ast.Gt: ast.GtE(), ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(), ast.NotEq: ast.Eq(), ast.Is: ast.IsNot(), ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(), ast.NotIn: ast.In(),
}  # fmt: skip
_OTHER_OPERATOR: Final[dict[type[ast.operator], ast.operator]] = {
    ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.BitOr: ast.BitAnd(), ast.BitAnd: ast.BitOr(),
}  # fmt: skip
_OTHER_FUNCTION: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_TRANSPARENT: Final = frozenset({"sorted", "reversed"})  # without them the argument is left

#: Fields of a node that hold no behaviour.
_LEFT_ALONE: Final = frozenset({"annotation", "returns", "decorator_list", "bases", "ctx"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module. ``number`` counts the changes of the module from 0."""

    number: int
    line: int
    function: str  # the name of the innermost function around it; empty outside of functions
    was: str
    now: str


def mutants_of(source: str) -> list[Mutant]:
    """Return every mutant of a module. Each differs from the source in one place."""
    tree = ast.parse(source)
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    return [
        Mutant(number, node.lineno, _function(node, functions), _short(node), _short(changed))
        for number, (node, changed, _) in enumerate(_all_changes(tree))
    ]


def mutated(source: str, number: int) -> ast.Module:
    """Return the module with one change made."""
    tree = ast.parse(source)
    _, changed, replace = next(islice(_all_changes(tree), number, None))
    replace(changed)
    return ast.fix_missing_locations(tree)


def _function(node: _Node, functions: Iterable[ast.FunctionDef]) -> str:
    """Return the name of the innermost function around a node."""
    around = [each for each in functions if each.lineno <= node.lineno <= (each.end_lineno or 0)]
    return max(around, key=lambda each: each.lineno).name if around else ""


def _all_changes(tree: ast.Module) -> Iterator[tuple[_Node, _Node, Callable[[_Node], None]]]:
    """Yield a node, what may be in its place, and the function that puts it there."""
    for node, replace in _places(tree):
        for changed in _changes(node):
            yield node, changed, replace


def _places(parent: ast.AST) -> Iterator[tuple[_Node, Callable[[_Node], None]]]:
    """Yield the nodes below ``parent`` that may change, each with a function that replaces it."""
    for field, value in ast.iter_fields(parent):
        if field in _LEFT_ALONE:
            continue
        for position, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _has_no_behaviour(child):
                continue
            if isinstance(child, (ast.expr, ast.stmt)):
                if isinstance(value, list):
                    yield child, partial(value.__setitem__, position)
                else:
                    yield child, partial(setattr, parent, field)
            yield from _places(child)


def _has_no_behaviour(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.Global():
            return True
        case ast.Expr(value=ast.Constant()):  # a docstring
            return True
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case _:
            return False


def _changes(node: _Node) -> Iterator[_Node]:  # noqa: C901, PLR0912  # one case, one mistake
    """Yield what may be in the place of a node."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _OTHER_COMPARISON:
            yield _with(node, ops=[_OTHER_COMPARISON[type(operator)]])
        case ast.BoolOp(op=operator, values=values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield _with(node, op=other)
            for position in range(len(values)):
                rest = values[:position] + values[position + 1 :]
                yield rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(op=operator) if type(operator) in _OTHER_OPERATOR:
            yield _with(node, op=_OTHER_OPERATOR[type(operator)])
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value + 1)
            if value > 0:
                yield ast.Constant(value // 2)
        case ast.If() | ast.IfExp() | ast.While():
            for value in (True, False)[isinstance(node, ast.While) :]:
                yield _with(node, test=ast.Constant(value))
        case ast.Tuple(ctx=ast.Store()):
            return
        case ast.Set(elts=elements) | ast.Tuple(elts=elements) | ast.List(elts=elements):
            for position in range(len(elements)):
                rest = elements[:position] + elements[position + 1 :]
                if rest or not isinstance(node, ast.Set):
                    yield _with(node, elts=rest)
        case ast.Dict(keys=keys, values=values):
            for at in range(len(keys)):
                yield ast.Dict(keys[:at] + keys[at + 1 :], values[:at] + values[at + 1 :])
        case ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
            yield from _without_conditions(node)
        case ast.Call():
            yield from _changed_calls(node)
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield ast.Pass()
        case ast.AugAssign() | ast.Continue() | ast.Break() | ast.Delete():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case _:
            pass


def _without_conditions(node: ast.expr) -> Iterator[ast.expr]:
    """Yield a comprehension without one of its conditions."""
    for number, loop in enumerate(node.generators):  # type: ignore[attr-defined]
        for position in range(len(loop.ifs)):
            changed = copy.deepcopy(node)
            del changed.generators[number].ifs[position]  # type: ignore[attr-defined]
            yield changed


def _changed_calls(node: ast.Call) -> Iterator[ast.expr]:
    """Yield a call of the opposite function, and the call without one of its keywords."""
    match node.func:
        case ast.Name(id=name) if name in _OTHER_FUNCTION:
            yield _with(node, func=ast.Name(_OTHER_FUNCTION[name], ast.Load()))
        case ast.Name(id=name) if name in _TRANSPARENT:
            yield ast.Call(ast.Name("list", ast.Load()), node.args, [])
    for position in range(len(node.keywords)):
        yield _with(node, keywords=node.keywords[:position] + node.keywords[position + 1 :])


def _with(node: _T, **fields: object) -> _T:
    """Return a copy of a node in which some fields are others. Both share their children."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _short(node: _Node) -> str:
    """Write a node in one line; of a statement with a body, the first line."""
    text = ast.unparse(node)
    line = text.partition("\n")[0] if isinstance(node, (ast.If, ast.While)) else text
    line = " ".join(line.split())
    return line if len(line) <= 120 else f"{line[:117]}..."
