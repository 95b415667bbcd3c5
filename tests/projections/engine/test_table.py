"""Rows come back from a table as they were written."""

import psycopg

from projections.engine.table import Column, Table, create, load
from tests.projections.samples import at


def test_rows_are_written_alike_whatever_their_text(connection: psycopg.Connection) -> None:
    table = Table(
        "t",
        "One row per text.",
        (
            Column("number", "integer", ""),
            Column("words", "text[]", ""),
            Column("text", "text", ""),
            Column("at", "timestamptz", ""),
            Column("is", "boolean", ""),
        ),
        key=("number",),
    )
    texts = [
        "",
        "null",
        "plain",
        ",[],",
        "]\n[",
        '"',
        "\\",
        '\\"',
        "\r\n\t\x01\x7f\u2028",
        "é😀",
        None,
    ]
    for words in ((), ("a", 'b"\\,{}'), None):
        create(connection, "public", table)
        rows = [(number, words, text, at("10:00"), None) for number, text in enumerate(texts)]
        load(connection, "public", table, rows)
        for row in rows:  # each by itself takes the quick way where it can
            load(connection, "public", table, [row])
        found = connection.execute('select number, words, text, at, "is" from t').fetchall()
        expected = [(n, None if w is None else list(w), *rest) for n, w, *rest in rows]
        assert found == expected * 2
        connection.execute("drop table t")


def test_what_postgresql_cannot_hold_is_replaced(connection: psycopg.Connection) -> None:
    columns = (Column("text", "text", ""), Column("words", "text[]", ""))
    table = Table("t", "One row.", columns, key=("text",))
    create(connection, "public", table)
    for text in ("a\x00b", "c\ud800"):
        load(connection, "public", table, [(text, (text,)), ("d", ())])
    found = connection.execute("select text, words from t").fetchall()
    assert found == [("a\ufffdb", ["a\ufffdb"]), ("d", []), ("c?", ["c?"]), ("d", [])]
