"""The authority of a number: its name, and its universal id."""

from functools import lru_cache
from typing import Final, TypeAlias

from consumers.hl7v2.delimiters import NULL, Delimiters
from consumers.hl7v2.profiles import Profile
from domain.ids import normal

#: The name of an authority, and its universal id if the message states both.
Issuer: TypeAlias = tuple[str, str]
NO_ISSUER: Final[Issuer] = ("", "")


@lru_cache(maxsize=1_024)
def issuer_of(authority: str, facility: str, delimiters: Delimiters, profile: Profile) -> Issuer:
    """Return the authority of a number after aliases, and its universal id if both are stated.

    Args:
        authority: CX.4.
        facility: CX.6, the assigning facility; it is the authority if CX.4 is empty.
        delimiters: The delimiters of the message.
        profile: The sender's profile.
    """
    namespace, universal = _hierarchic(authority, delimiters)
    if not namespace and not universal:
        namespace, universal = _hierarchic(facility, delimiters)
    aliases = profile.authority_aliases
    if not namespace:
        return aliases.get(universal, universal), ""
    if namespace not in aliases and universal in aliases:
        return aliases[universal], ""
    name = aliases.get(namespace, namespace)
    return name, universal if aliases.get(universal, universal) != name else ""


def _hierarchic(component: str, delimiters: Delimiters) -> tuple[str, str]:
    """Return the namespace id and the universal id of an authority (data type HD)."""
    parts = [normal(each) for each in delimiters.subcomponents(component)[:2]]
    namespace, universal = (*("" if each == NULL else each for each in parts), "")[:2]
    return namespace, universal
