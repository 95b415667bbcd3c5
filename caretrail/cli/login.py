"""``login``: print a link that signs a person in to the pages once."""

from argparse import Namespace

from caretrail.cli.output import json_line, line
from caretrail.failure import Failed
from caretrail.home import database
from caretrail.running_service import running_service
from caretrail.sign_in_link import sign_in_link
from infra import settings


def login(options: Namespace) -> None:
    """Print a link to the pages of the service that runs in this home."""
    chosen = settings.load()
    running = running_service(chosen.home)
    if running is None or not str(running["pages"]).startswith("http"):
        raise Failed("no service of this home runs: start `caretrail serve` or `caretrail demo`")
    with database(chosen) as url:
        link = sign_in_link(
            str(running["pages"]),
            url,
            chosen,
            subject=options.subject or "",
            roles=options.role or (),
            organisations=options.organisation or (),
        )
    if options.json:
        json_line({"link": link})
    else:
        line(link)
