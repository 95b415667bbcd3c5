"""Flags: what is doubtful about a statement, an encounter or a patient, each with its words.

A flag is stored and published as its code and never changes its meaning. Its words are for a page:
they say what happened and, if a reader can do something about it, what.
"""

from enum import StrEnum
from typing import Self


class _FlagWithWords(StrEnum):
    words: str

    def __new__(cls, code: str, words: str) -> Self:
        """Make a member whose value is the code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.words = words
        return member


class Flag(_FlagWithWords):
    """A flag that interpretation gives (R9.6 of ``docs/reference/interpretation.md``)."""

    RESEND = "resend", "The same message was sent before. Only the first one counts."
    NO_EFFECT = "no_effect", "There is no message left that it could cancel."
    WAITS = (
        "waits",
        "The message that it cancels has not arrived. It takes effect when that message arrives.",
    )
    AFTER_END = (
        "after_end",
        "It is dated after the discharge, so it does not change the location. Check both times.",
    )
    BEFORE_BEGINNING = (
        "before_beginning",
        "It is dated before the admission. Its location counts from the admission on.",
    )
    SENT_TIME_UNUSABLE = (
        "sent_time_unusable",
        "Its time of sending (MSH-7) cannot be right. The time of entry (EVN-2) gives its order.",
    )
    DISCHARGE_STATED_BY_UPDATE = (
        "discharge_stated_by_update",
        "A message that is no discharge states one, and no discharge arrived. Ask the sender.",
    )
    DISCHARGE_DELETED_BY_UPDATE = (
        "discharge_deleted_by_update",
        "An update deletes the time of the discharge, but no message cancels it. Ask the sender.",
    )
    ORDER_UNKNOWN = (
        "order_unknown",
        "Messages of one instant disagree, and nothing says which was sent last. Check it.",
    )
    MAY_HAVE_BEGUN_LATER = (
        "may_have_begun_later",
        "Its admission or transfer names only the day, which includes this moment.",
    )
    MAY_HAVE_ENDED = (
        "may_have_ended",
        "Its discharge names only the day, so the patient may have left by this moment.",
    )
    CLOSED_BY_RULE = (
        "closed_by_rule",
        "No discharge arrived. A rule of the profile closed it some hours after its last activity.",
    )
    PART_ENDED = "part_ended", "A department closed its own part. The visit went on elsewhere."
    NUMBER_INCOMPLETE = (
        "number_incomplete",
        "Some messages of this visit carry no visit number. Check that they belong to it.",
    )
    RENUMBERED = "renumbered", "The sender changed the number of this visit."
    RECORD_RETIRED = (
        "record_retired",
        "It was sent for a record that had been merged into another record.",
    )
    MERGE_INTO_ITSELF = "merge_into_itself", "It merges a record into itself. It has no effect."
    MERGE_OF_PLACEHOLDER = (
        "merge_of_placeholder",
        "It merges a number that stands for no patient. It has no effect.",
    )
    IDENTIFIER_SHARED = (
        "identifier_shared",
        "Another patient has the same number, so this number joins no records. Check whose it is.",
    )


#: Flags of statements that are also flags of their encounter: they put it on the work list.
FOR_THE_WORK_LIST = frozenset(
    {
        Flag.AFTER_END,
        Flag.BEFORE_BEGINNING,
        Flag.DISCHARGE_DELETED_BY_UPDATE,
        Flag.DISCHARGE_STATED_BY_UPDATE,
        Flag.SENT_TIME_UNUSABLE,
        Flag.WAITS,
    }
)


class MessageFlag(_FlagWithWords):
    """A flag that intake gives to a message as a whole."""

    CHARSET_SUSPECT = (
        "charset_suspect",
        "Its bytes do not fit the character set that it declares. Some letters may be wrong.",
    )
    NUL_DROPPED = "nul_dropped", "Zero bytes were left out."
    LINE_JOINED = "line.joined", "A line was broken inside a field. Its pieces were joined."
    LINE_UNKNOWN = "line.unknown", "A line is not a segment. It was not read."
    ZONE_ASSUMED = (
        "zone_assumed",
        "A time has no zone, and neither the profile nor MSH-7 has one. It was read as UTC.",
    )
    BACKFILL = (
        "backfill",
        "It was loaded later, as part of a backlog. No work is owed because of it.",
    )
    PROFILE_NONE = (
        "profile.none",
        "Its sender has no profile, so default settings were used. Add a profile.",
    )


class FieldFlag(_FlagWithWords):
    """The second half of a flag of intake about one field, such as ``PV1-45.unreadable``.

    The words follow the name of the field.
    """

    UNREADABLE = "unreadable", "could not be read; its text is kept"
    ABSURD = "absurd", "is outside the range of possible times"
    FUTURE = "future", "is later than the time of sending"
    AMBIGUOUS = "ambiguous", "is a local time that occurred twice; the first one was taken"
    SKIPPED = "skipped", "is a local time that the change of the clocks left out"
    OFFSET_DOUBTFUL = (
        "offset_doubtful",
        "has no zone; it was read with the offset of MSH-7, which may differ on that day",
    )
    EXTRA_DIGITS = "extra_digits", "has digits after the seconds; they were left out"
    NULL = "null", "was deleted by the sender"
    TRUNCATED = "truncated", "was cut by the sender"
    REPEATED = "repeated", "was repeated; the first one was read"
    TOO_LONG = "too_long", "is longer than can be read; its text is kept"
    TEXT = "text", "holds text in place of a code; the text is sealed"
    PLACEHOLDER = "placeholder", "holds a placeholder instead of a number"
    DIFFERS = "differs", "differs from MSH-9"
    UNKNOWN = "unknown", "holds an unknown code"
    ITSELF = "itself", "names the record itself"
    UNUSUAL = "unusual", "is unusual"
