"""``work ls``: what is owed to each person, the most pressing first."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import columns, json_line, line
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.reading.members import Json
from caretrail.reading.work import read_work, work_json
from projections.work_list import ItemFilter

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def work_ls(options: Namespace) -> None:
    """List the items of the work list, by person."""
    with open_home_reader() as reader, shared_number_listed(as_json=options.json):
        found = reader.record_named(options.patient) if options.patient else None
        if options.patient and found is None:
            raise Failed("no patient has this id or number")
        with reader.past(
            as_of=options.as_of,
            known_at=options.known_at,
            records=[found[0]] if found else None,
        ) as past:
            listed = read_work(
                past,
                ItemFilter(
                    organisation=options.org or "",
                    person=options.person or "",
                    pool=options.pool or "",
                    kind=options.kind or "",
                    patient=past.patient_of(found[0]) if found else "",
                    waiting=options.waiting,
                ),
                now=reader.present(),
                older=options.older,
                cursor=options.cursor,
                limit=options.limit,
            )
    if listed is None:
        raise Failed("this is not a cursor: use `next` of the page before")
    shown = work_json(listed)
    if options.json:
        json_line(shown)
        return
    line(f"known at event {shown['known_at']['index']}")
    if not options.older:
        line(f"without items that became due more than {shown['backlog_days']} days ago: --older")
    for person in shown["people"]:
        line()
        line(f"patient {person['patient_id']}")
        columns(
            ("  duty", "due", "", "responsible", "claimed by", "item"),
            [
                (
                    f"  {each['duty']}{_concerns(each)}",
                    each["due_on"] or each["due_at"],
                    _state(each),
                    _party(each["responsible"]),
                    _party(each["claimed_by"]),
                    each["item_id"],
                )
                for each in person["items"]
            ],
        )
    if shown["next"]:
        line()
        line(f"more persons: --cursor {shown['next']}")


def _concerns(item: Json) -> str:
    return f" ({item['concerns']})" if item["concerns"] else ""


def _state(item: Json) -> str:
    words = ["urgent"] if item["urgent"] else []
    if item["overdue"]:
        words.append(f"overdue by {_length(item['overdue_by'])}")
    elif item["due_today"]:
        words.append("due today")
    if item["snoozed_until"]:
        words.append(f"put off until {item['snoozed_until']}")
    return ", ".join(words)


def _length(seconds: int) -> str:
    for unit, word in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds // unit} {word}"
    return "1 min"


def _party(party: Json | None) -> str:
    return ", ".join(filter(None, party.values())) if party else ""
