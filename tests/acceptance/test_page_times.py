from datetime import UTC, datetime

from tests.acceptance.page_times import now_of, times_after


def test_only_times_after_now_that_happened_are_found() -> None:
    now = datetime(2026, 3, 10, 16, tzinfo=UTC)
    page = """
      <p>Complete through event 9, recorded 27 Nov 2026, 13:21</p>
      <text x="1" class="faint">11 Mar 06:00</text>
      <td>NGH <time datetime="2026-03-10T17:05-05:00">17:05</time></td>
      <p>Planned visit, CARDIO, for 12 Mar 09:30.</p><td>12 Mar 09:30</td>
      <p>happened 9 Mar 12:00, recorded 27 Nov 13:21</p>
      <p>discharged <b>11 Mar</b> 08:00, admitted 2 Jan 2027, 10:00</p>
      <footer>On these pages, “now” is 10 Mar 2026, 16:00.</footer>
    """
    assert now_of(page) == now
    assert times_after(page, now) == ["11 Mar 08:00", "2 Jan 2027, 10:00", "2026-03-10T17:05-05:00"]
