"""The groups of verbs that give commands on own streams.

The verbs of a group are made from its commands. The commands are imported only if the group is
used, so that ``--help`` stays fast.
"""

import argparse
from collections.abc import Sequence
from typing import Final

from caretrail.cli.arguments import id_of
from caretrail.cli.command_group import CommandGroup
from caretrail.cli.list_verbs import add_list
from caretrail.cli.plan_verbs import plan_reads
from caretrail.cli.team_verbs import attribution_reads, team_reads
from caretrail.cli.transition_verbs import transition_reads
from caretrail.cli.verbs import Verbs, add_instants, add_json, add_verb
from caretrail.cli.work_verbs import work_reads
from caretrail.listings import LISTINGS

GROUPS: Final = (
    CommandGroup(
        word="team",
        kind="care_team",
        words="say who is in the care team of a patient, who coordinates, and hand over",
        noun="care team",
        reads=team_reads,
        own_show=True,
    ),
    CommandGroup(
        word="attribution",
        kind="attribution",
        words="attribute patients to practices, practitioners, payers and programmes",
        noun="attribution",
        reads=attribution_reads,
        own_show=True,
    ),
    CommandGroup(
        word="plan",
        kind="care_plan",
        words="begin, revise, review, show, list and compare care plans",
        noun="care plan",
        reads=plan_reads,
    ),
    CommandGroup(
        word="medications",
        kind="medication_list",
        words="record medication lists, reconcile them and show them",
        noun="medication list",
    ),
    CommandGroup(
        word="referral",
        kind="referral",
        words="request, answer, close, show and list referrals",
        noun="referral",
    ),
    CommandGroup(
        word="transition",
        kind="transition",
        words="show and list what follows each discharge, and record what was done",
        noun="transition",
        reads=transition_reads,
        own_show=True,
    ),
    CommandGroup(
        word="work",
        kind="work",
        words="list what is owed, claim an item, give it back, put it off, assign it",
        noun="work",
        reads=work_reads,
        list_verb="items",
    ),
)


def command_groups(
    verbs: "Verbs[argparse.ArgumentParser]", arguments: Sequence[str] | None
) -> None:
    """Add the groups. Only the group that ``arguments`` name gets its commands; None: all do."""
    for group in GROUPS:
        parser = verbs.add_parser(group.word, help=group.words, description=group.words)
        inner = parser.add_subparsers(metavar="VERB", required=True)
        if arguments is None or group.word in arguments:
            # Imported only here: it needs pydantic and all commands.
            from caretrail.cli.command_verbs import add_command_verbs  # noqa: PLC0415

            add_command_verbs(inner, group)
        if not group.own_show:
            _add_show(inner, group)
        if group.kind in LISTINGS:
            add_list(inner, group.kind, group.list_verb)
        group.reads(inner)


def _add_show(verbs: "Verbs[argparse.ArgumentParser]", group: CommandGroup) -> None:
    show = add_verb(verbs, "show", "show:show", f"show one {group.noun} and its entries")
    show.set_defaults(kind=group.kind, noun=group.noun)
    show.add_argument("stream", type=id_of, metavar=group.metavar, help=f"id of the {group.noun}")
    add_instants(show)
    add_json(show)
