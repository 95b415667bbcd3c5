"""Remember what was read from the same text before: many messages in a row repeat it."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, Final, ParamSpec, TypeAlias, TypeVar

#: Characters: nobody fills memory by sending such texts long.
_LONGEST: Final = 2_000

P = ParamSpec("P")
Read = TypeVar("Read")
Reading: TypeAlias = Callable[Concatenate[tuple[str, ...], P], Read]


def cached_by_text(count: int) -> Callable[[Reading[P, Read]], Reading[P, Read]]:
    """Let a pure function of some texts, and of what else it takes, remember what it returned last.

    Args:
        count: For how many texts. Longer ones than 2,000 characters are read anew each time.
    """

    def decorate(function: Reading[P, Read]) -> Reading[P, Read]:
        known = lru_cache(maxsize=count)(function)

        @wraps(function)
        def read(texts: tuple[str, ...], /, *args: P.args, **kwargs: P.kwargs) -> Read:
            if sum(map(len, texts)) > _LONGEST:
                return function(texts, *args, **kwargs)
            return known(texts, *args, **kwargs)  # type: ignore[arg-type]  # all are hashable

        return read

    return decorate
