"""The verbs of ``referral``, with their flags."""

import argparse

from caretrail.cli.arguments import code, day, id_of
from caretrail.cli.verbs import (
    Verbs,
    add_caller,
    add_group,
    add_json,
    add_limit,
    add_note,
    add_verb,
)


def referral_verbs(verbs: "Verbs[argparse.ArgumentParser]") -> None:
    """Add the verbs of ``referral``."""
    referral = add_group(verbs, "referral", "request, accept, close, show and list referrals")
    _request(referral)
    _accept(referral)
    _close(referral)
    _void(referral)
    show = add_verb(referral, "show", "referral:referral_show", "show one referral and its entries")
    show.add_argument("stream", type=id_of, metavar="REFERRAL", help="id of the referral")
    add_json(show)
    listed = add_verb(
        referral, "ls", "referral:referral_ls", "list referrals, the newest request first"
    )
    listed.add_argument(
        "--state",
        choices=["requested", "accepted", "outcome_received", "closed", "entered_in_error"],
        help="only referrals in this state",
    )
    listed.add_argument(
        "--patient",
        metavar="PATIENT",
        help="only referrals of this patient: id, or AUTHORITY|IDENTIFIER",
    )
    add_limit(listed, 100)
    add_json(listed)


def _request(referral: "Verbs[argparse.ArgumentParser]") -> None:
    verb = add_verb(
        referral, "request", "referral:referral_request", "ask another party to see a patient"
    )
    verb.add_argument("patient", metavar="PATIENT", help="a patient id, or AUTHORITY|IDENTIFIER")
    verb.add_argument(
        "--requester", type=code, required=True, metavar="CODE", help="organisation that asks"
    )
    verb.add_argument("--requester-person", type=code, metavar="CODE", help="person who asks")
    verb.add_argument("--target", type=code, metavar="CODE", help="organisation that is asked")
    verb.add_argument("--target-person", type=code, metavar="CODE", help="person who is asked")
    verb.add_argument(
        "--target-pool", type=code, metavar="CODE", help="pool of persons that is asked"
    )
    verb.add_argument("--service", type=code, metavar="CODE", help="service asked for")
    verb.add_argument("--specialty", type=code, metavar="CODE", help="specialty asked for")
    verb.add_argument(
        "--urgency",
        choices=["stat", "urgent", "asap", "routine"],
        default="routine",
        help="how soon",
    )
    verb.add_argument(
        "--category",
        choices=["clinical", "social", "diagnostic", "post_acute"],
        default="clinical",
        help="kind of help",
    )
    verb.add_argument(
        "--needed-by", type=day, metavar="DAY", help="day by which the patient should be seen"
    )
    verb.add_argument("--expires-on", type=day, metavar="DAY", help="last day of validity")
    verb.add_argument(
        "--anchor",
        type=id_of,
        metavar="ID",
        help="encounter, or a statement of it, that the referral belongs to",
    )
    verb.add_argument(
        "--mode",
        choices=["P", "T", "D"],
        default="P",
        help="processing mode, if no message has named the record yet",
    )
    verb.add_argument(
        "--id", type=id_of, metavar="UUID", help="id of the new referral; by default a new UUID"
    )
    verb.add_argument(
        "--question",
        default="",
        metavar="TEXT",
        help="question to the target; - reads it from standard input; it is stored sealed",
    )
    add_caller(verb, "referral")


def _accept(referral: "Verbs[argparse.ArgumentParser]") -> None:
    verb = add_verb(
        referral, "accept", "referral:referral_accept", "accept a referral as its target"
    )
    _stream(verb)
    verb.add_argument(
        "--by", type=code, required=True, metavar="CODE", help="organisation that accepts"
    )
    verb.add_argument("--by-person", type=code, metavar="CODE", help="person who accepts")
    verb.add_argument(
        "--expected-by", type=day, metavar="DAY", help="day by which the patient will be seen"
    )
    add_note(verb)
    add_caller(verb, "referral")


def _close(referral: "Verbs[argparse.ArgumentParser]") -> None:
    verb = add_verb(
        referral, "close", "referral:referral_close", "close a referral as its requester"
    )
    _stream(verb)
    verb.add_argument(
        "--by", type=code, required=True, metavar="CODE", help="organisation that closes"
    )
    verb.add_argument("--by-person", type=code, metavar="CODE", help="person who closes")
    verb.add_argument(
        "--outcome",
        choices=["sent", "found", "fax", "told"],
        help="how the outcome was received, if that is not recorded yet",
    )
    verb.add_argument(
        "--document", type=code, metavar="CODE", help="ref of the document that holds the outcome"
    )
    verb.add_argument(
        "--need-met",
        choices=["yes", "partly", "no", "unknown"],
        default="unknown",
        help="whether the need of the patient was met",
    )
    verb.add_argument(
        "--told-on", type=day, metavar="DAY", help="day on which the patient was told the plan"
    )
    add_note(verb)
    add_caller(verb, "referral")


def _void(referral: "Verbs[argparse.ArgumentParser]") -> None:
    verb = add_verb(
        referral,
        "void",
        "referral:referral_void",
        "mark an entry of a referral as entered in error; it is kept and does not count",
    )
    _stream(verb)
    verb.add_argument("event", type=id_of, metavar="EVENT", help="event id, as `show` prints it")
    verb.add_argument(
        "--reason",
        choices=["wrong_patient", "wrong_item", "duplicate", "not_done", "other"],
        required=True,
        help="why it is an error",
    )
    add_note(verb)
    add_caller(verb, "referral")


def _stream(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("stream", type=id_of, metavar="REFERRAL", help="id of the referral")
