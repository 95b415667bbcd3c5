"""What a command seals with its last event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.body import PlainSegment, SegmentClass
from domain.events import ContentRef
from domain.ids import IdKey, RecordId, StreamId


@dataclass(frozen=True, slots=True)
class SealedContent:
    """The free text and the clinical content of a command, by name. What is empty is left out."""

    texts: Mapping[str, str]
    clinical: Mapping[str, Any]

    @classmethod
    def of(cls, texts: Mapping[str, str], clinical: Mapping[str, Any]) -> "SealedContent":
        """Return what is stated of texts and clinical content."""
        return cls(
            {name: text for name, text in texts.items() if text},
            {name: value for name, value in clinical.items() if value},
        )

    def ref(self, ids: IdKey, stream: StreamId) -> ContentRef | None:
        """Return the keyed hash, by which a repeated command is told from one with another text.

        Equal content of two streams has two hashes. None: there is no content.
        """
        if not (self.texts or self.clinical):
            return None
        content = json.dumps([self.texts, self.clinical], sort_keys=True)
        return ids.ref("sealed content", stream, content)

    def segments(self, subject: RecordId) -> tuple[PlainSegment, ...]:
        """Return the segments to seal under the key of a subject."""
        contents: dict[SegmentClass, object] = {}
        if self.texts:
            contents["notes"] = {"texts": self.texts}
        if self.clinical:
            contents["clinical"] = self.clinical
        return tuple(
            PlainSegment(
                subject=subject,
                segment=segment,
                text=json.dumps(content, ensure_ascii=False).encode(),
            )
            for segment, content in contents.items()
        )
