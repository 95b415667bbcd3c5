"""Write the profiles of the senders of a world, in the format that intake reads."""

from caretrail.generate.hospital import Facility
from caretrail.generate.region import ENTERPRISE, ENTERPRISE_TYPE
from caretrail.generate.world import World

_CHARSETS = {"utf-8": "UTF-8", "latin-1": "8859/1", "unstated": "8859/1"}


def profiles_toml(world: World) -> str:
    """Return ``profiles.toml`` for the senders of this world, one table each."""
    return "\n".join(_profile(each) for each in world.facilities)


def _profile(facility: Facility) -> str:
    habits = facility.habits
    lines = [
        f"# {facility.title}",
        f"[sender.{facility.code}]",
        f'match = [{{ application = "{facility.application}", facility = "{facility.code}" }}]',
        f'zone = "{habits.zone}"',
        f'charset = "{_CHARSETS[habits.charset]}"',
        f'namespace = "{facility.code}"',
        f'authority = "{facility.authority}"',
        f'file_under = "{facility.authority}"',
    ]
    if habits.authority == "alias":
        lines.append(f'authority_aliases = {{ "{facility.code} MRN" = "{facility.authority}" }}')
    if habits.enterprise:
        lines.append(f'trusted = [{{ authority = "{ENTERPRISE}", type = "{ENTERPRISE_TYPE}" }}]')
    campuses = facility.mapped_campuses
    if campuses:
        lines.append(
            "facilities = { "
            + ", ".join(f'"{each}" = "{facility.code}"' for each in campuses)
            + " }"
        )
    inpatient = ', "I" = "NONAC"' if facility.kind == "post-acute" else ""
    lines.append(f'classes = {{ "OBS" = "OBSENC"{inpatient} }}')
    return "\n".join(lines) + "\n"
