"""The replay of a patient, event by event."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.pages import pages_app
from tests.region import Told
from tests.serving import serving
from tests.signed_in import sessions_of, sign_in

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def client(told: Told) -> Iterator[httpx.Client]:
    app = pages_app(told.reader)
    with serving(app) as address, httpx.Client(base_url=address, trust_env=False) as made:
        yield sign_in(made, sessions_of(told.reader))


def test_every_event_is_reached_from_the_first_by_next(client: httpx.Client, told: Told) -> None:
    address = f"/ui/patients/{told.alder}/replay"
    page = client.get(f"{address}?n=1", follow_redirects=True).text
    count = int(re.findall(r"event 1 of (\d+)\.", page)[0])
    steps = 1
    while more := re.search(r'href="([^"]+)">Next<', page):
        page = client.get(more[1]).text
        steps += 1
        assert f"event {steps} of {count}." in page

    assert steps == count > 15


def test_the_number_of_a_step_is_answered_with_the_index_of_its_event(
    client: httpx.Client, told: Told
) -> None:
    answer = client.get(f"/ui/patients/{told.alder}/replay?n=2")

    assert answer.status_code == 303
    assert re.search(r"[?]known_at=\d+$", answer.headers["location"])


def test_the_first_event_adds_and_two_moments_can_be_compared(
    client: httpx.Client, told: Told
) -> None:
    address = f"/ui/patients/{told.alder}/replay"
    first = client.get(f"{address}?n=1", follow_redirects=True)
    assert "What this event changed" in first.text
    assert 'data-sign="+"' in first.text
    index = str(first.url).rpartition("=")[2]
    both = client.get(f"{address}?since={index}").text
    assert f"What changed since event {index}" in both
    same = client.get(f"{address}?known_at={index}&since={index}").text
    assert "Nothing that is shown of the patient changed." in same


def test_before_the_patient_was_known_the_page_says_so(client: httpx.Client, told: Told) -> None:
    answer = client.get(f"/ui/patients/{told.alder}/replay?known_at=0")
    assert answer.status_code == 404
    assert "Not yet known" in answer.text


def test_the_events_are_drawn_on_two_clocks(client: httpx.Client, told: Told) -> None:
    page = client.get(f"/ui/patients/{told.alder}/replay?n=2", follow_redirects=True).text
    count = int(re.findall(r"event 2 of (\d+)\.", page)[0])

    assert f'aria-label="{count} events on two clocks, happened above, became known below.' in page
    assert page.count('cy="76.5"') == count
    assert page.count('class="pt after" cx=') >= count - 2
    assert 'class="tie here"' in page
    assert re.search(r'href="[^"]+[?]known_at=\d+">Next late<', page)


def test_the_timeline_is_drawn_as_it_was_known_at_the_event(
    client: httpx.Client, told: Told
) -> None:
    address = f"/ui/patients/{told.alder}/replay"
    first = client.get(f"{address}?n=1", follow_redirects=True)
    index = str(first.url).rpartition("=")[2]
    drawn = re.compile(
        r'class="enc" href="/ui/patients/[^"]+[?]known_at=(\d+)&amp;since=all#evidence-'
    )

    assert set(drawn.findall(first.text)) == {index}
    last = client.get(address).text
    assert "were another patient at this moment" not in last
    cancelled = client.get(f"{address}?n=14", follow_redirects=True).text  # before the merge
    assert "were another patient at this moment" in cancelled
    assert "6S-11" in cancelled.partition('class="chart"')[2].partition('class="legend"')[0]
    assert len(drawn.findall(last)) > len(drawn.findall(first.text))
