"""Rows come back from a table as they were written."""

import psycopg

from projections.engine.table import Column, Table, create, index, load, merge
from tests.projections.samples import at


def test_rows_come_back_as_they_were_written_whatever_their_text(
    connection: psycopg.Connection,
) -> None:
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
        for row in rows:  # a row by itself is written without replacing, if it can be
            load(connection, "public", table, [row])
        found = connection.execute('select number, words, text, at, "is" from t').fetchall()
        expected = [(n, None if w is None else list(w), *rest) for n, w, *rest in rows]
        assert found == expected * 2
        connection.execute("drop table t")


def test_characters_that_postgresql_cannot_store_are_replaced(
    connection: psycopg.Connection,
) -> None:
    columns = (Column("text", "text", ""), Column("words", "text[]", ""))
    table = Table("t", "One row.", columns, key=("text",))
    create(connection, "public", table)
    for text in ("a\x00b", "c\ud800"):
        load(connection, "public", table, [(text, (text,)), ("d", ())])
    found = connection.execute("select text, words from t").fetchall()
    assert found == [("a\ufffdb", ["a\ufffdb"]), ("d", []), ("c?", ["c?"]), ("d", [])]


def test_rows_are_merged_with_those_that_are_there(connection: psycopg.Connection) -> None:
    table = Table(
        "t",
        "One row per key.",
        (
            Column("key", "text", ""),
            Column("count", "bigint", ""),
            Column("at", "timestamptz", ""),
            Column("words", "text", ""),
            Column("is", "boolean", ""),
        ),
        key=("key",),
    )
    create(connection, "public", table)
    index(connection, "public", table)
    changes = {"count": "kept.count + excluded.count", "at": "greatest(kept.at, excluded.at)"}
    odd = 'a "b", {c}\\ \n null'
    first = [("one", 1, at("10:00"), odd, True), ('t"w,o', 1, None, None, None)]
    second = [("one", 2, None, None, False), ("three", 3, at("12:00"), "", True)]
    for rows in (first, second, []):
        merge(connection, "public", table, rows, changes)
    found = {key: rest for key, *rest in connection.execute("select * from t").fetchall()}
    assert found == {
        "one": [3, at("10:00"), None, False],
        't"w,o': [1, None, None, None],
        "three": [3, at("12:00"), "", True],
    }
