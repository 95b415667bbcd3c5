"""The codes that an installation keeps sealed, although codes are in clear otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitiveCodes:
    """Services, specialties and reasons that are stored sealed whatever the caller states.

    Capital and small letters are the same.
    """

    services: frozenset[str] = field(default_factory=frozenset)
    specialties: frozenset[str] = field(default_factory=frozenset)
    #: Need domains and ICD-10 codes. Each stands for all codes that begin with it: ``F1`` for
    #: ``F10.20``.
    reasons: frozenset[str] = field(default_factory=frozenset)

    def names(self, *, service: str, specialty: str, reasons: Iterable[str]) -> bool:
        """Say whether one of the codes of a referral is sensitive."""
        return (
            _folded([service]) <= _folded(self.services) - {""}
            or _folded([specialty]) <= _folded(self.specialties) - {""}
            or any(
                reason.startswith(each)
                for reason in _folded(reasons)
                for each in _folded(self.reasons)
            )
        )


#: Of an installation that lists none.
NO_CODES: Final = SensitiveCodes()


def _folded(codes: Iterable[str]) -> frozenset[str]:
    return frozenset(each.casefold() for each in codes)
