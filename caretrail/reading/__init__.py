"""Answers for the command line and the pages.

``Reader`` queries the read models, interprets filed statements as of and as known at any instant,
and opens sealed segments. ``contract`` writes the answers as the JSON of the command line.
"""

from caretrail.reading.census import CensusReading, Disagreement, OccupiedPlace
from caretrail.reading.evidence import Archive, Evidence, FieldUsed, MessagePart
from caretrail.reading.listing import NumberShared, PatientList, PatientSearch, PatientSummary
from caretrail.reading.patient import PatientNumber, PatientReading
from caretrail.reading.reader import Reader

__all__ = [
    "Archive",
    "CensusReading",
    "Disagreement",
    "Evidence",
    "FieldUsed",
    "MessagePart",
    "NumberShared",
    "OccupiedPlace",
    "PatientList",
    "PatientNumber",
    "PatientReading",
    "PatientSearch",
    "PatientSummary",
    "Reader",
]
