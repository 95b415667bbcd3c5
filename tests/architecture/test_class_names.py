"""The name of a class says its role, so no two classes share one (CONTRIBUTING, "How we write")."""

import ast
from collections import defaultdict

from tests.architecture.test_import_names import ROOT, SHIPPED


def test_no_class_name_is_used_twice() -> None:
    places = defaultdict[str, list[str]](list)
    for package in sorted(SHIPPED):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert "Statement" in places
    assert {name: each for name, each in places.items() if len(each) > 1} == {}
