"""The roles of a service. ``python -m caretrail.role NAME`` runs one in a process of its own."""

import sys
from typing import Final

from caretrail.lasting import import_lasting

ROLES: Final = ("mllp", "relay", "projector", "http")


if __name__ == "__main__":
    sys.exit(import_lasting("caretrail.role_process").main(sys.argv[1]))
