"""Why a person reads and records: the purposes that the pages offer, in words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: Purpose of use, HL7 v3 PurposeOfUse -> its words.
PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TREAT": "treatment",
        "CAREMGT": "care management",
        "COORD": "coordination of care",
        "ETREAT": "emergency treatment",
        "PATRQT": "request of the patient",
        "HOPERAT": "operations of the organisation",
        "HPAYMT": "payment",
        "HCOMPL": "compliance and audit",
    }
)
#: The purpose with which a session begins.
TREATMENT: Final = "TREAT"


def purpose_words(code: str) -> str:
    """Return the words of a purpose; a code that the pages do not offer stays as it is."""
    return PURPOSES.get(code, code)
