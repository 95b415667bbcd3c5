"""Columns that several read models have, with the same meaning."""

from typing import Final

from projections.engine.table import Column

#: Of arrival: a component keeps records that only an earlier reading of a message joined.
COMPONENT: Final = Column(
    "component",
    "text",
    "Link component: the rows are replaced together.",
    "arrival",
    required=True,
    published=False,
)
PATIENT: Final = Column(
    "patient_id",
    "text",
    "The patient: the id that all its source records answer with.",
    required=True,
)
MODE: Final = Column("mode", "text", "Processing mode, HL7 table 0103: P, T or D.", required=True)
FLAGS: Final = Column("flags", "text[]", "What is doubtful, as codes.", required=True)
SEALED: Final = Column("sealed", "text", "Copies of sealed segments.", "sealed", published=False)
ARRIVAL: Final = (
    Column("source_position", "bigint", "Index of the last event behind the row.", "arrival", True),
    Column("first_known_at", "timestamptz", "When its first event was recorded.", "arrival", True),
    Column("last_changed_at", "timestamptz", "When its last event was recorded.", "arrival", True),
)
