"""The reference pages of ADT and ids agree with the code."""

import hmac
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.ids import DEVELOPMENT_KEY, IdKey
from domain.statement import Statement
from tests.documentation.pages import with_triggers

REFERENCE = Path(__file__).parents[3] / "docs/reference"
ADT_PAGE = (REFERENCE / "adt.md").read_text("utf-8")
IDS_PAGE = (REFERENCE / "ids.md").read_text("utf-8")
(VECTORS,) = (json.loads(each) for each in re.findall(r"```json\n(.*?)```", IDS_PAGE, re.DOTALL))


def test_the_page_has_the_table_of_triggers_in_the_code() -> None:
    assert with_triggers(ADT_PAGE) == ADT_PAGE


def test_every_member_of_a_statement_is_in_the_table_of_fields() -> None:
    table = ADT_PAGE.split("## Fields in clear")[1].split("## Sealed")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]+)\|", table, re.MULTILINE)))
    assert sorted(named) == sorted(each.name for each in fields(Statement))


@pytest.mark.parametrize(("kind", "parts", "expected"), VECTORS)
def test_the_code_gives_the_test_vectors_of_the_page(
    kind: str, parts: list[Any], expected: str
) -> None:
    key = IdKey(DEVELOPMENT_KEY)
    makers: dict[str, Callable[..., str]] = {
        "record": key.record,
        "visit": key.visit,
        "place": key.place,
        "statement": key.statement,
        "fingerprint": key.fingerprint,
    }
    made = makers[kind](*parts) if kind in makers else key.ref(kind, *parts)
    assert made == expected


@pytest.mark.parametrize(("kind", "parts", "expected"), VECTORS)
def test_the_test_vectors_follow_from_the_words_of_the_page(
    kind: str, parts: list[str], expected: str
) -> None:
    if kind != "record" or all(part == part.strip() and part.isascii() for part in parts):
        secret = bytes.fromhex(re.findall(r"```\n([0-9a-f]{64})\n```", IDS_PAGE)[0])
        data = b"".join(
            len(part.encode()).to_bytes(8, "big") + part.encode() for part in (kind, *parts)
        )
        digest = bytearray(hmac.digest(secret, data, "sha256")[:16])
        if kind in {"record", "statement"}:
            digest[6] = digest[6] & 0x0F | 0x80
            digest[8] = digest[8] & 0x3F | 0x80
            assert str(UUID(bytes=bytes(digest))) == expected
        elif kind == "fingerprint":
            assert digest.hex() == expected
        else:
            assert urlsafe_b64encode(digest).rstrip(b"=").decode() == expected
