"""The timeline as a browser shows it. ``test_every_page`` looks at all pages."""

import pytest

from tests.region import Told
from tests.web.browser import Browser

pytestmark = [pytest.mark.chromium, pytest.mark.postgres]


def test_on_a_phone_the_chart_starts_with_now_in_sight_and_keeps_its_size(
    told: Told, site: str, tab: Browser
) -> None:
    tab.show(f"{site}/ui/patients/{told.alder}", 390, 844)

    scroller = "document.querySelector('.chart-scroll')"
    chart = f"{scroller}.querySelector(':scope > svg')"
    assert tab.evaluate(f"{chart}.getBoundingClientRect().width") == 1120
    now = f"{scroller}.querySelector('.asof').getBoundingClientRect().right"
    seen = tab.evaluate(f"{scroller}.getBoundingClientRect().right - {now}")
    assert 0 < seen < 100, "more of the past than of what is planned"


def test_a_link_to_closed_evidence_opens_it(told: Told, site: str, tab: Browser) -> None:
    address = f"{site}/ui/patients/{told.alder}"
    tab.show(address, 1366, 768)
    closed = "[...document.querySelectorAll('.evidence > details:not([open]) .proof')].pop().id"
    anchor = tab.evaluate(closed)

    tab.evaluate(f"location.hash = '#{anchor}'")

    opened = f"document.getElementById('{anchor}').closest('details').open"
    assert tab.evaluate(opened) is True


def test_every_bar_can_be_reached_by_keyboard_and_has_room_for_a_finger(
    told: Told, site: str, tab: Browser
) -> None:
    tab.show(f"{site}/ui/patients/{told.alder}", 390, 844)

    sizes = tab.evaluate(
        "[...document.querySelectorAll('a.enc .ring')].map(r => r.getBoundingClientRect())"
        ".map(r => [r.width, r.height])"
    )
    assert len(sizes) == 12  # eight stays, and the bands after four discharges
    assert all(width >= 24 and height >= 24 for width, height in sizes)
    assert tab.evaluate("[...document.querySelectorAll('a.enc')].every(a => a.tabIndex === 0)")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_contrast_on_its_ground(
    told: Told, site: str, tab: Browser, *, dark: bool
) -> None:
    tab.show(f"{site}/ui/patients/{told.alder}", 1366, 768, dark=dark)

    worst = tab.evaluate(CONTRAST)

    assert worst >= 4.5


#: Returns the lowest contrast (WCAG 2.2) of a text colour on a background, bars included.
CONTRAST = """(() => {
  const style = getComputedStyle(document.documentElement);
  const rgb = name => {
    const hex = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16) / 255);
  };
  const light = name => rgb(name)
    .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const ratio = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + .05) / (y + .05);
  };
  const pairs = [];
  for (const ink of ['--ink', '--ink-2', '--ink-3'])
    for (const ground of ['--bg', '--surface', '--sunken']) pairs.push([ink, ground]);
  for (const name of ['emer', 'imp', 'obsenc', 'amb', 'nonac', 'ss', 'hh', 'vr', 'unknown'])
    pairs.push([`--${name}-ink`, `--${name}`]);
  pairs.push(['--alert-ink', '--alert-bg'], ['--mark-ink', '--mark-bg'], ['--on-ink', '--ink']);
  return Math.min(...pairs.map(([a, b]) => ratio(a, b)));
})()"""
