"""Resends: what was said twice counts once.

Source of the rules: interpretation, section 4. Repeated cancels are in ``cancels``.
"""

from collections.abc import Sequence

from domain.interpretation.order import Said


def resent(said: Sequence[Said]) -> dict[Said, Said]:
    """Return the resends among statements of one visit, each with the one that counts.

    Equal content with EVN-2 is a resend, whatever was sent between. Without EVN-2, or where both
    were sent at one instant, only an unbroken run of equal statements is.
    """
    if len({each.of.content for each in said}) == len(said):
        return {}
    first: dict[str, Said] = {}
    resends: dict[Said, Said] = {}
    previous: Said | None = None
    for each in said:
        content = each.of.content
        if not content:  # nothing to compare by
            previous = each
            continue
        counted = first.setdefault(content, each)
        if counted is not each:
            unbroken = previous is not None and previous.of.content == content
            anew = each.of.entered is None or counted.sent == each.sent
            if unbroken:
                assert previous is not None  # noqa: S101  # as just seen
                resends[each] = resends.get(previous, previous)
            elif not anew:
                resends[each] = counted
        previous = each
    return resends
