"""What a command states about a part of a care plan."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from commands.command import Text


class GoalTarget(BaseModel):
    """What should be reached. It is clinical content, and is stored sealed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: Annotated[Text, Field(description="what is measured; it is stored sealed")] = ""
    value: Annotated[Text, Field(description="the value to reach; it is stored sealed")] = ""
    unit: Annotated[Text, Field(description="its unit, UCUM; it is stored sealed")] = ""

    def content(self) -> dict[str, Any]:
        """Return the members that are stated."""
        return {name: text for name, text in self.model_dump().items() if text}
