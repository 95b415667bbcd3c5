"""Everything received is accounted for, whatever one message among it holds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from commands import record_messages
from commands.ports.intake import Disposition, IncomingMessage, MessageOutcome
from commands.ports.store import StoreUnavailable
from infra.event_store import CareStore
from infra.messages import MessageArchive
from infra.received_messages import SealedMessage
from infra.subject_keys import SubjectKeys
from tests.intake_samples import draft, received, statement
from tests.stores import opened

pytestmark = pytest.mark.postgres


class LosesAnswers:
    """A store whose next answers are lost, after it recorded or before."""

    def __init__(self, store: CareStore, *, after: int = 0, before: int = 0) -> None:
        self._store = store
        self._after = after
        self._before = before

    def prepare(self, message: IncomingMessage, *, may_wait: bool = True) -> SealedMessage:
        return self._store.prepare(message, may_wait=may_wait)

    def record(self, messages: Sequence[SealedMessage]) -> list[MessageOutcome]:
        if self._before:
            self._before -= 1
            raise StoreUnavailable
        outcomes = self._store.record(messages)
        if self._after:
            self._after -= 1
            raise StoreUnavailable
        return outcomes


def handle(
    messages: Sequence[IncomingMessage], store: CareStore | LosesAnswers
) -> list[MessageOutcome]:
    return record_messages.handle(
        [record_messages.prepare(each, store) for each in messages], store
    )


def ends(outcomes: Sequence[MessageOutcome]) -> list[str]:
    return [each.disposition.value for each in outcomes]


def test_a_poisoned_message_is_quarantined_with_its_bytes_and_the_others_are_recorded(
    database: str, store_and_keys: tuple[CareStore, SubjectKeys]
) -> None:
    store, keys = store_and_keys
    batch = [received(f"m{i}") for i in range(7)]
    wrong = draft(core=statement(class_code="NEITHER"))
    batch[2] = replace(batch[2], drafts=(wrong,))
    batch[5] = replace(batch[5], control_id="NUL \x00 and \ud800")
    outcomes = handle(batch, store)
    assert ends(outcomes) == [
        "recorded", "recorded", "quarantined", "recorded", "recorded", "quarantined", "recorded",
    ]  # fmt: skip
    assert [outcomes[2].reason, outcomes[5].reason] == ["statement_invalid", "value_not_storable"]
    assert store.max_index() == 5
    with MessageArchive(database, keys) as archive:
        for i in (2, 5):
            assert archive.raw(outcomes[i].message_id) == batch[i].raw
        assert archive.show(outcomes[5].message_id).message.control_id == "NUL \ufffd and ?"
        assert archive.counts() == {
            Disposition.RECORDED: 5,
            Disposition.QUARANTINED: 2,
            Disposition.DUPLICATE: 0,
            Disposition.NO_EFFECT: 0,
            Disposition.UNREADABLE: 0,
        }
    assert ends(handle(batch, store)) == ends(outcomes)
    assert ends(handle([received("m2")], store)) == ["duplicate"]


@pytest.mark.parametrize(("after", "before"), [(1, 0), (0, 1), (1, 1), (2, 0)])
def test_a_lost_answer_is_read_back(store: CareStore, after: int, before: int) -> None:
    batch = [received("a"), received("b"), received("a")]
    outcomes = handle(batch, LosesAnswers(store, after=after, before=before))
    assert ends(outcomes) == ["recorded", "recorded", "duplicate"]
    assert [each.first_index for each in outcomes] == [1, 2, 1]
    assert store.max_index() == 2


def test_without_an_answer_nothing_is_acknowledged(store: CareStore) -> None:
    with pytest.raises(StoreUnavailable):
        handle([received("a")], LosesAnswers(store, before=3))
    assert store.max_index() == 0


def test_who_can_have_no_key_any_more_is_quarantined_and_the_others_are_recorded(
    database: str,
    tmp_path: Path,
    store_and_keys: tuple[CareStore, SubjectKeys],
    connection: psycopg.Connection,
) -> None:
    handle([received("first", draft("gone"))], store_and_keys[0])
    connection.execute(
        "delete from keys.data_key where key_id in (select key_id from es.subject_key)"
    )
    with opened(database, tmp_path) as (store, keys):  # that remembers no key
        outcomes = handle([received("a"), received("b", draft("gone")), received("c")], store)
        assert ends(outcomes) == ["recorded", "quarantined", "recorded"]
        assert outcomes[1].reason == "key_destroyed"
        with MessageArchive(database, keys) as archive:
            assert archive.raw(outcomes[1].message_id) == received("b").raw


def test_an_empty_batch_is_no_work(store: CareStore) -> None:
    assert handle([], store) == []
