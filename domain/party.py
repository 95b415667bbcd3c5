"""The parties of a care activity: codes, never names."""

from pydantic import BaseModel, ConfigDict

from domain.events import OptionalCode


class Party(BaseModel):
    """An organisation, a person of it, or a pool of persons: codes, never names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organisation: OptionalCode = ""
    """The organisation."""
    person: OptionalCode = ""
    """A person of the organisation."""
    pool: OptionalCode = ""
    """A group of persons; each of them may act."""
