"""Keep searches for patients in memory under an opaque id, so that no address holds their words."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from caretrail.reading.listing import PatientSearch


class RecentSearches:
    """The latest searches. Threads may share it."""

    def __init__(self, new_id: Callable[[], str], *, kept: int = 500) -> None:
        self._new_id = new_id
        self._kept = kept
        self._searches = OrderedDict[str, PatientSearch]()
        self._lock = Lock()

    def keep(self, query: PatientSearch) -> str:
        """Keep a search; return its id."""
        key = self._new_id()
        with self._lock:
            self._searches[key] = query
            while len(self._searches) > self._kept:
                self._searches.popitem(last=False)
        return key

    def get(self, key: str) -> PatientSearch | None:
        """Return the search; None if it is no longer kept."""
        with self._lock:
            return self._searches.get(key)
