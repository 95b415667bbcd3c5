"""A keyed hash of what a command seals, so that a repeated command is told from another one."""

import json

from commands.decisions import Command, Context


def content_ref(command: Command, context: Context) -> str | None:
    """Return the keyed hash of the free text and the clinical content; None if there is none."""
    texts = {name: text for name, text in command.texts().items() if text}
    clinical = {name: value for name, value in command.clinical().items() if value}
    if not (texts or clinical):
        return None
    content = json.dumps([texts, clinical], sort_keys=True)
    return context.id_key.ref("sealed content", command.stream, content)
