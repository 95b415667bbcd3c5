"""What sort of thing each trigger says, and what each cancel takes back.

One table for an analyst to review: trigger meanings follow HL7 v2.9.1 chapter 3. A trigger without
a row here is an entry in the timeline and changes nothing. Rows stand here before intake reads
their triggers where their meaning is that of a neighbour; a new trigger is a row and its test.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

#: ``update`` changes facts only, ``merge`` says whose, ``renumber`` says which visit, ``person`` is
#: about nobody's visit, ``other`` has no row.
Kind: TypeAlias = Literal[
    "plan", "beginning", "move", "end", "update", "cancel", "merge", "renumber", "person", "other"
]

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "A01": "beginning",  # admitted
        "A02": "move",  # transferred
        "A03": "end",  # discharged
        "A04": "beginning",  # registered: has arrived
        "A05": "plan",  # pre-admitted
        "A06": "move",  # outpatient becomes inpatient
        "A07": "move",  # inpatient becomes outpatient
        "A08": "update",
        "A11": "cancel",  # of A01, A04
        "A12": "cancel",  # of A02
        "A13": "cancel",  # of A03
        "A14": "plan",  # pending admission
        "A15": "plan",  # pending transfer
        "A16": "plan",  # pending discharge
        "A18": "merge",  # withdrawn form of A40
        "A25": "cancel",  # of A16
        "A26": "cancel",  # of A15
        "A27": "cancel",  # of A14
        "A28": "person",  # person added
        "A30": "merge",  # withdrawn form of A40
        "A31": "person",  # person updated
        "A34": "merge",  # withdrawn form of A40
        "A38": "cancel",  # of A05
        "A39": "merge",  # withdrawn form of A40
        "A40": "merge",
        "A42": "renumber",  # visits merged
        "A45": "renumber",  # visit moved, perhaps under a new number
        "A47": "merge",  # identifier changed: both are the same person
        "A50": "renumber",  # visit number changed
        "A54": "update",  # attending doctor changed
        "A55": "update",  # ... and back
        "A61": "update",  # consulting doctor changed
        "A62": "update",  # ... and back
    }
)

#: What a cancel takes back. A11 does not touch A05: A38 does.
VOIDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "A11": frozenset({"A01", "A04"}),
        "A12": frozenset({"A02"}),
        "A13": frozenset({"A03"}),
        "A25": frozenset({"A16"}),
        "A26": frozenset({"A15"}),
        "A27": frozenset({"A14"}),
        "A38": frozenset({"A05"}),
    }
)

#: Moves that change the class, and perhaps the visit number.
CLASS_CHANGES: Final = frozenset({"A06", "A07"})

#: Plans of an admission; A15 and A16 plan what happens inside a stay.
ADMISSION_PLANS: Final = frozenset({"A05", "A14"})

#: Kinds that make something happen at an instant of their own.
HAPPENINGS: Final[frozenset[Kind]] = frozenset({"plan", "beginning", "move", "end"})


def kind_of(trigger: str) -> Kind:
    """Return what sort of thing a trigger says.

    >>> kind_of("A02"), kind_of("A99")
    ('move', 'other')
    """
    return KINDS.get(trigger, "other")
