"""The time limits of payers on the page about protocols, put into the default protocol."""

import re
import tomllib
from pathlib import Path

import pytest

import caretrail
from domain.rules import parse_protocol

_ROOT = Path(caretrail.__file__).parents[1]
PAGE = (_ROOT / "docs/reference/protocols.md").read_text("utf-8")
DEFAULT = (_ROOT / "caretrail/default_protocol.toml").read_text("utf-8")
LINES, *BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=["us-ca", "us-md", "tricare"])
def test_lines_of_a_payer_take_the_place_of_the_default_ones(block: str) -> None:
    stated = tomllib.loads(block)
    content = DEFAULT
    for line in block.splitlines():
        code = line.partition(" = ")[0]
        content, found = re.subn(rf"^{re.escape(code)} = .*$", line, content, flags=re.MULTILINE)
        assert found == 1, code
    protocol, before = parse_protocol(content), parse_protocol(DEFAULT)
    changed = {code for code, rule in protocol.duties.items() if rule != before.duties[code]}
    assert changed == set(stated)
    assert {code: protocol.duties[code].within for code in stated} == {
        code: each["within"] for code, each in stated.items()
    }


def test_the_example_of_lines_can_be_added_to_the_default_protocol() -> None:
    (name,) = parse_protocol(DEFAULT + LINES).lines
    assert name == "quick"


@pytest.mark.parametrize("block", BLOCKS, ids=["us-ca", "us-md", "tricare"])
def test_lines_of_a_payer_can_be_for_its_patients_alone(block: str) -> None:
    lines = f'[lines.some]\npayers = ["PLAN-A"]\n[lines.some.duties]\n{block}'
    found = parse_protocol(DEFAULT + lines).lines["some"].duties
    assert {code: each.within for code, each in found.items()} == {
        code: each["within"] for code, each in tomllib.loads(block).items()
    }
