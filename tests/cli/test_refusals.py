"""Each refusal of the rules says what to do."""

from caretrail.problems import explanation
from caretrail.refusals import REMEDIES
from domain import errors
from domain.errors import DomainError, MoveNotAllowed


def refusals(base: type[DomainError] = DomainError) -> set[type[DomainError]]:
    found = set(base.__subclasses__())
    return found.union(*(refusals(each) for each in found))


def test_every_refusal_has_a_code_of_its_own_and_a_remedy() -> None:
    known = refusals()
    assert set(REMEDIES) == known
    assert len({each.code for each in known}) == len(known)
    assert all(each.__module__ == errors.__name__ for each in known)


def test_a_refusal_is_explained_with_its_code_and_remedy() -> None:
    refusal = MoveNotAllowed("accepted", state="closed", allowed=())
    assert explanation(refusal) == (
        "refused (move_not_allowed): not possible: accepted; the state is closed, which allows"
        " nothing. Take one of the steps that the state allows."
    )
