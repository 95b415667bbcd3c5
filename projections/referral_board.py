"""Read referrals by state: the newest of each column of the board, and how many there are.

Each state, and with an organisation each side of it, is read in the order of its own index, up to
the number of rows that are shown. So the time does not depend on the number of referrals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection, sql
from psycopg.rows import dict_row

from domain.ids import StreamId
from projections.engine.relations import PRESENT, Relations
from projections.referral_loop import REFERRAL_LOOP, ReferralRow, row_names, row_of

#: Referrals are counted up to this number, so that a count reads few rows.
MOST_COUNTED: Final = 1_000


class ReferralPlace(NamedTuple):
    """A place in a list of referrals, the newest request first."""

    requested_at: datetime
    stream_id: StreamId


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFilter:
    """Which referrals a column shows."""

    states: Sequence[str]
    organisation: str = ""  # as requester or target; empty: all


_ONE_STATE: Final = """
    select {names} from {referrals} as r
    where r.state = {state} {side}
        and (%(requested_at)s::timestamptz is null or (r.requested_at <= %(requested_at)s
            and (r.requested_at < %(requested_at)s or r.stream_id > %(stream)s)))
    order by r.requested_at desc, r.stream_id
    limit %(limit)s
"""


def newest(
    connection: Connection[Any],
    wanted: BoardFilter,
    *,
    after: ReferralPlace | None = None,
    limit: int,
    relations: Relations = PRESENT,
) -> list[ReferralRow]:
    """Return referrals, the newest request first.

    Args:
        connection: The connection of the caller.
        wanted: Which referrals.
        after: The place after which the rows begin; None: from the newest one on.
        limit: The largest number of rows.
        relations: Those of now, or of other instants: see ``Reader.past``.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, row_names()))
    query = sql.SQL(
        "select distinct * from ({}) as found order by requested_at desc, stream_id limit %(limit)s"
    ).format(_of_states(sql.SQL(_ONE_STATE), wanted, relations, names=names))
    given = {
        **_parameters(wanted),
        "limit": limit,
        "requested_at": after.requested_at if after else None,
        "stream": after.stream_id if after else None,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        return [row_of(each) for each in cursor.execute(query, given).fetchall()]


def count(
    connection: Connection[Any], wanted: BoardFilter, *, relations: Relations = PRESENT
) -> int:
    """Return the number of referrals; ``MOST_COUNTED`` + 1 says that there are more."""
    one = sql.SQL(
        "select r.stream_id from {referrals} as r where r.state = {state} {side} limit %(limit)s"
    )
    query = sql.SQL(
        "select count(*) from (select distinct stream_id from ({}) as found limit %(limit)s) as few"
    ).format(_of_states(one, wanted, relations))
    found = connection.execute(query, {**_parameters(wanted), "limit": MOST_COUNTED + 1}).fetchone()
    return int(found[0]) if found else 0


def _of_states(
    one: sql.SQL, wanted: BoardFilter, relations: Relations, **parts: sql.Composable
) -> sql.Composable:
    sides = (
        [
            sql.SQL("and r.requester_organisation = %(organisation)s"),
            sql.SQL("and r.target_organisation = %(organisation)s"),
        ]
        if wanted.organisation
        else [sql.SQL("")]
    )
    return sql.SQL(" union all ").join(
        sql.SQL("({})").format(
            one.format(
                referrals=relations.of(REFERRAL_LOOP),
                state=sql.Placeholder(f"state{number}"),
                side=side,
                **parts,
            )
        )
        for number, _ in enumerate(wanted.states)
        for side in sides
    )


def _parameters(wanted: BoardFilter) -> dict[str, object]:
    return {
        **{f"state{number}": state for number, state in enumerate(wanted.states)},
        "organisation": wanted.organisation,
    }
