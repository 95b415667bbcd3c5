"""Cache what was read from a text, because many messages in a row repeat the same text."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, Final, ParamSpec, TypeAlias, TypeVar

#: Characters of the longest texts that are cached, so that no sender can fill the memory.
_LONGEST: Final = 2_000

P = ParamSpec("P")
Read = TypeVar("Read")
Reading: TypeAlias = Callable[Concatenate[tuple[str, ...], P], Read]


def cached_by_text(
    count: int, *, longest: int = _LONGEST
) -> Callable[[Reading[P, Read]], Reading[P, Read]]:
    """Return a decorator that caches the results of a pure function of some texts.

    Args:
        count: How many results are kept.
        longest: Characters of the longest texts that are cached. A function whose results are much
            larger than its texts has a lower limit.
    """

    def decorate(function: Reading[P, Read]) -> Reading[P, Read]:
        known = lru_cache(maxsize=count)(function)

        @wraps(function)
        def read(texts: tuple[str, ...], /, *args: P.args, **kwargs: P.kwargs) -> Read:
            if sum(map(len, texts)) > longest:
                return function(texts, *args, **kwargs)
            return known(texts, *args, **kwargs)  # type: ignore[arg-type]  # all are hashable

        return read

    return decorate
