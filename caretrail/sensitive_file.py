"""Read the sensitive codes of the installation from the file that the settings name."""

import tomllib
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from commands.sensitive_codes import NO_CODES, SensitiveCodes
from infra.settings import BadSettings, Settings

_Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _SensitiveFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    services: list[_Filled] = []
    specialties: list[_Filled] = []
    reasons: list[_Filled] = []


_KEYS: Final = ", ".join(_SensitiveFile.model_fields)


def sensitive_codes(settings: Settings) -> SensitiveCodes:
    """Return the codes that are stored sealed; none if there is no file.

    Raises:
        BadSettings: The file cannot be used, or the settings name a file that does not exist.
            Without its codes, what must be sealed would be stored in clear.
    """
    file = settings.sensitive_file
    try:
        found = _SensitiveFile.model_validate(tomllib.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        if settings.sensitive is None:
            return NO_CODES
        raise BadSettings(f"CARETRAIL_SENSITIVE: there is no file {file}") from None
    except OSError as error:
        raise BadSettings(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file}: is not valid TOML: {error}") from None
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise BadSettings(f"{file}: {key}: write lists of codes; the keys are {_KEYS}") from None
    return SensitiveCodes(
        services=frozenset(found.services),
        specialties=frozenset(found.specialties),
        reasons=frozenset(found.reasons),
    )
