"""Translate codes of HL7 tables to the canonical codes that caretrail shows and counts.

The maps of the profile come first. A code that is in neither stays as sent and has no canonical
code.
"""

from typing import Final

from domain.statement import EncounterClass

# fmt: off
#: From HL7 table 0004, patient class (PV1-2), to v3 ActCode; v3 ActCodes are accepted as sent.
CLASSES: Final[dict[str, EncounterClass]] = {
    "E": "EMER",      # emergency
    "I": "IMP",       # inpatient
    "O": "AMB",       # outpatient
    "P": "PRENC",     # pre-admit
    "R": "AMB",       # recurring patient: an outpatient at each visit
    "B": "IMP",       # obstetrics: the patient has a bed
    "C": "unknown",   # commercial account: no patient is present
    "N": "unknown",   # not applicable
    "U": "unknown",   # unknown
    "EMER": "EMER", "IMP": "IMP", "OBSENC": "OBSENC", "AMB": "AMB", "PRENC": "PRENC",
    "SS": "SS", "HH": "HH", "VR": "VR", "NONAC": "NONAC", "ACUTE": "IMP", "FLD": "AMB",
}

#: From HL7 table 0112, discharge disposition (PV1-36), with the additions of the US National
#: Uniform Billing Committee, to FHIR R4 discharge-disposition. There, `hosp` means hospice.
DISPOSITIONS: Final = {
    "01": "home",       # home or self care
    "02": "other-hcf",  # short-term general hospital
    "03": "snf",        # skilled nursing facility
    "04": "long",       # custodial or supportive care, intermediate care facility
    "05": "other-hcf",  # cancer centre or children's hospital; another institution
    "06": "home",       # home, under care of a home health service
    "07": "aadvice",    # left against advice
    "08": "home",       # home, under care of a home IV provider
    "09": "oth",        # admitted as an inpatient to this hospital
    "20": "exp",        # expired
    "21": "oth",        # court or law enforcement
    "30": "oth",        # still a patient
    "40": "exp",        # expired at home
    "41": "exp",        # expired in a facility
    "42": "exp",        # expired, place unknown
    "43": "other-hcf",  # federal hospital
    "50": "hosp",       # hospice at home
    "51": "hosp",       # hospice in a facility
    "61": "snf",        # swing bed
    "62": "rehab",      # inpatient rehabilitation
    "63": "long",       # long-term care hospital
    "64": "long",       # nursing facility
    "65": "psy",        # psychiatric hospital
    "66": "other-hcf",  # critical access hospital
    "69": "other-hcf",  # designated disaster alternative care site
    "70": "other-hcf",  # another institution
}
# fmt: on

_FHIR: Final = frozenset({
    "home", "alt-home", "other-hcf", "hosp", "long", "aadvice", "exp", "psy", "rehab", "snf", "oth",
})  # fmt: skip


def encounter_class(sent: str) -> EncounterClass:
    """Return the canonical class (v3 ActCode) of PV1-2."""
    return CLASSES.get(sent.upper(), "unknown")


def disposition(sent: str) -> str:
    """Return the canonical code (FHIR R4) of PV1-36; empty if there is none.

    >>> disposition("1"), disposition("20"), disposition("HOME"), disposition("X9")
    ('home', 'exp', 'home', '')
    """
    code = sent.lower()
    return code if code in _FHIR else DISPOSITIONS.get(code.zfill(2), "")
