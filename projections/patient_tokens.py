"""Keyed tokens by which patients are found: name parts, their first letters, the birth date.

Tokens are made where the demographics are opened. They are in this table alone, and are never
published. No read model holds a name in clear.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from psycopg import Connection

from domain.ids import PatientId
from domain.segments import Demographics
from projections.engine.columns import COMPONENT
from projections.engine.table import Column, Table
from projections.recency import RECENCY

TOKEN: Final = Table(
    "token",
    "One row per patient and token. The table is never published.",
    (
        Column("patient_id", "text", "The patient.", required=True),
        Column(
            "token",
            "text",
            "Keyed hash of a name part, its beginning, or a birth date.",
            required=True,
        ),
        RECENCY,
        COMPONENT,
    ),
    key=("token", "recency", "patient_id"),
    indexes=(("component",),),
    published=False,
)

#: A name is found by this many of its first letters.
_BEGINNING: Final = 3


def searchable(demographics: Demographics) -> set[str]:
    """Return the texts that tokens are made of: name parts, their first letters, the birth date.

    >>> from domain.segments import Name
    >>> sorted(searchable(Demographics(names=(Name(family="O'Hara", given="Zoë"),))))
    ['begin:oha', 'begin:zoe', 'name:ohara', 'name:zoe']
    >>> searchable(Demographics(birth_date="1951-06-02"))
    {'born:1951-06-02'}
    """
    found: set[str] = set()
    for name in demographics.names:
        for text in (name.family, name.given, name.middle):
            for part in text.replace("-", " ").split():
                folded = normal_name(part)
                if folded:
                    found.add(f"name:{folded}")
                if len(folded) >= _BEGINNING:
                    found.add(f"begin:{folded[:_BEGINNING]}")
    if demographics.birth_date:
        found.add(f"born:{demographics.birth_date}")
    return found


def normal_name(part: str) -> str:
    """Return a name part for comparison: lower-case letters and digits, without accents.

    >>> normal_name("Müller-Ångström")
    'mullerangstrom'
    """
    decomposed = unicodedata.normalize("NFKD", part.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())


def patients_with(
    connection: Connection[Any], tokens: Sequence[str], *, limit: int
) -> list[PatientId]:
    """Return the patients that have all of these tokens, the patient with the latest entry first.

    The rows of the first token are read until there are enough patients. So the token that the
    fewest patients have should be the first.
    """
    first, *others = tokens
    rows = connection.execute(
        """
        select patient_id from proj.token as found
        where token = %(first)s and not exists (
            select from unnest(%(others)s::text[]) as other(token)
            where not exists (
                select from proj.token as also
                where also.token = other.token and also.recency = found.recency
                    and also.patient_id = found.patient_id
            )
        )
        order by recency desc, patient_id desc limit %(limit)s
        """,
        {"first": first, "others": others, "limit": limit},
    ).fetchall()
    return [PatientId(patient_id) for (patient_id,) in rows]
