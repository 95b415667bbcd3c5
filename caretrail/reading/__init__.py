"""What the command line and the pages read: one answer, said in two ways.

``Reader`` asks the read models, interprets what is filed as of and as known at any instant, and
opens what is sealed. ``contract`` says the answers as the JSON of the command line.
"""

from caretrail.reading.census import CensusReading, Disagreement, OccupiedPlace
from caretrail.reading.evidence import Archive, Evidence, FieldUsed, MessagePart
from caretrail.reading.listing import PatientList, PatientSearch, PatientSummary
from caretrail.reading.patient import PatientNumber, PatientReading
from caretrail.reading.reader import Reader

__all__ = [
    "Archive",
    "CensusReading",
    "Disagreement",
    "Evidence",
    "FieldUsed",
    "MessagePart",
    "OccupiedPlace",
    "PatientList",
    "PatientNumber",
    "PatientReading",
    "PatientSearch",
    "PatientSummary",
    "Reader",
]
