"""What the command line and the pages read: one answer, said in two ways.

``Reader`` asks the read models, interprets what is filed as of and as known at any instant, and
opens what is sealed. ``contract`` says the answers as the JSON of the command line.
"""

from caretrail.reading.census import CensusReading, Disagreement, Occupied
from caretrail.reading.evidence import Archive, Evidence, FieldUsed, Part
from caretrail.reading.listing import Listed, Page, Query
from caretrail.reading.patient import Number, PatientReading
from caretrail.reading.reader import Reader

__all__ = [
    "Archive",
    "CensusReading",
    "Disagreement",
    "Evidence",
    "FieldUsed",
    "Listed",
    "Number",
    "Occupied",
    "Page",
    "Part",
    "PatientReading",
    "Query",
    "Reader",
]
