"""Read the names of facilities from the file that the settings name."""

import tomllib

from infra.settings import BadSettings, Settings


def facility_names(settings: Settings) -> dict[str, str]:
    """Return the name of each facility by its code; empty if there is no file.

    Raises:
        BadSettings: The file cannot be read.
    """
    try:
        names = tomllib.loads(settings.facilities_file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{settings.facilities_file}: {error}") from None
    return {str(code): str(name) for code, name in names.items()}
