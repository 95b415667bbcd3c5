"""Which pages and lists are measured, how each is asked for, and the bare query of its rows."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any, Final, LiteralString, TypeAlias

import httpx

from benchmarks import page_data, page_queries
from caretrail.web.referral_pages import COLUMNS, ENDED
from domain.ids import IdKey

_NEXT: Final = re.compile(r'href="([^"]+)">(?:Next|Older)</a>')

#: What a page is asked for: values by name. The bare query takes them as parameters.
Given: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MeasuredRead:
    """A page or a list, and the bare query of its rows."""

    what: str
    ask: Callable[[Given], httpx.Response]
    query: LiteralString
    given: Callable[[], Given] = dict


@dataclass(frozen=True, slots=True)
class PageClients:
    """Who asks, in a browser that is signed in and in a program with a token."""

    pages: httpx.Client
    api: httpx.Client
    csrf: str

    def page(self, address: str) -> Callable[[Given], httpx.Response]:
        """Return how to ask for a page; the address has places for what is given."""
        return lambda given: self.pages.get(address.format_map(given))

    def list(self, address: str) -> Callable[[Given], httpx.Response]:
        """Return how to ask for a list of the API."""
        return lambda given: self.api.get(f"/api/v1/{address}".format_map(given))

    def search(self, given: Given) -> httpx.Response:
        """Search as the form of the page does, with the page that it leads to."""
        form = {"q": given["words"], "csrf": self.csrf}
        return self.pages.post("/ui/search", data=form, follow_redirects=True)

    def find(self, given: Given) -> httpx.Response:
        """Search through the API."""
        return self.api.post("/api/v1/patients/search", json={"words": given["words"]})

    def following(self, first: str) -> Callable[[], Given]:
        """Return what gives the address of each next page, from the second page of a list on."""
        address = first

        def given() -> Given:
            nonlocal address
            found = _NEXT.search(self.pages.get(address).text)
            address = unescape(found[1]) if found else first
            return {"next": address}

        return given


def page_reads(
    ask: PageClients, auditor: PageClients, ids: IdKey, token: Callable[[str], str], recorded: int
) -> list[MeasuredRead]:
    """Return what is measured, over so many recorded patients.

    Args:
        ask: A coordinator.
        auditor: A person who may read every patient.
        ids: The key from which ids are derived.
        token: Returns the token under which a word of a name is found.
        recorded: The number of patients that messages told of.
    """
    drawn = random.Random(1)  # noqa: S311  # the same patients in every run
    usual = page_data.with_activities(recorded)
    open_states = [state for _, states in COLUMNS for state in states]

    def one_of(patients: range) -> Callable[[], Given]:
        return lambda: {"patient": page_data.record_of(ids, drawn.choice(patients))}

    def hospital() -> Given:
        return {"organisation": page_data.facility(drawn.randrange(recorded))}

    def clinic() -> Given:
        return {
            "organisation": page_data.clinic(drawn.randrange(recorded)),
            "states": [*open_states, *ENDED],
            "limit": 12,
        }

    def by_number() -> Given:
        patient = drawn.randrange(recorded)
        home, number = page_data.facility(patient), page_data.number(patient)
        return {"words": f"{home}|{number}", "ref": ids.record(home, number, "P")}

    def by_name() -> Given:
        name = page_data.family(drawn.randrange(recorded))
        return {"words": name, "token": token(f"name:{name.lower()}")}

    own = {"organisations": page_data.organisations(), "person": page_data.PERSON}
    board = {"states": [*open_states, *ENDED], "limit": 12}
    return [
        MeasuredRead("first page", auditor.page("/"), page_queries.NEWEST, lambda: {"limit": 1}),
        MeasuredRead(
            "work list of 40 organisations", ask.page("/ui/work"), page_queries.WORK_OF_THESE,
            lambda: own,
        ),
        MeasuredRead(
            "work list of a person", ask.page("/ui/work?whose=mine"), page_queries.WORK_OF_PERSON,
            lambda: own,
        ),
        MeasuredRead("work list of all", ask.page("/ui/work?whose=all"), page_queries.WORK),
        MeasuredRead(
            "work list of one clinic", ask.page("/ui/work?facility={organisation}"),
            page_queries.WORK_OF_ONE, clinic,
        ),
        MeasuredRead(
            "work list, overdue for long", ask.page("/ui/work?facility={organisation}&older=yes"),
            page_queries.WORK_OLDER, clinic,
        ),
        MeasuredRead(
            "work list, next page", ask.page("{next}"), "",
            ask.following("/ui/work?whose=all"),
        ),
        MeasuredRead(
            "referral board", ask.page("/ui/referrals"), page_queries.BOARD, lambda: board
        ),
        MeasuredRead(
            "referral board of one clinic", ask.page("/ui/referrals?facility={organisation}"),
            page_queries.BOARD_OF_ONE, clinic,
        ),
        MeasuredRead(
            "referral board, one state", ask.page("/ui/referrals?state=Requested"),
            page_queries.BOARD, lambda: {"states": list(COLUMNS[0][1]), "limit": 50},
        ),
        MeasuredRead(
            "referrals as a table, next page", ask.page("{next}"), "",
            ask.following("/ui/referrals?view=table"),
        ),
        MeasuredRead(
            "patient page", ask.page("/ui/patients/{patient}"), page_queries.PERSON, one_of(usual)
        ),
        MeasuredRead(
            "patient page, long history", ask.page("/ui/patients/{patient}"), page_queries.PERSON,
            one_of(page_data.long_histories()),
        ),
        MeasuredRead(
            "replay of a patient", ask.page("/ui/patients/{patient}/replay"), page_queries.PERSON,
            one_of(usual),
        ),
        MeasuredRead(
            "replay, long history", ask.page("/ui/patients/{patient}/replay"), page_queries.PERSON,
            one_of(page_data.long_histories()),
        ),
        MeasuredRead(
            "census of a facility", auditor.page("/ui/census?facility={organisation}"),
            page_queries.CENSUS, hospital,
        ),
        MeasuredRead(
            "patients", auditor.page("/ui/patients"), page_queries.NEWEST, lambda: {"limit": 50}
        ),
        MeasuredRead("search by number", auditor.search, page_queries.BY_NUMBER, by_number),
        MeasuredRead("search by family name", auditor.search, page_queries.BY_NAME, by_name),
        MeasuredRead(
            "API: work list of one clinic", ask.list("work-list?organisation={organisation}"),
            page_queries.WORK_OF_ONE, clinic,
        ),
        MeasuredRead(
            "API: open referrals of one clinic",
            ask.list("referrals?open=true&target={organisation}"),
            page_queries.BOARD_OF_ONE, clinic,
        ),
        MeasuredRead(
            "API: referrals in one state", ask.list("referrals?state=requested"),
            page_queries.BOARD, lambda: {"states": ["requested"], "limit": 50},
        ),
        MeasuredRead(
            "API: patients", auditor.list("patients"), page_queries.NEWEST, lambda: {"limit": 50}
        ),
        MeasuredRead(
            "API: search by number", auditor.find, page_queries.BY_NUMBER, by_number
        ),
        MeasuredRead(
            "API: timeline of a patient", ask.list("patients/{patient}/timeline"),
            page_queries.PERSON, one_of(usual),
        ),
        MeasuredRead(
            "API: census of a facility", auditor.list("census?facility={organisation}"),
            page_queries.CENSUS, hospital,
        ),
    ]  # fmt: skip
