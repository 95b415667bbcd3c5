"""Decode the bytes of a message: charsets of HL7 table 0211, and the names that senders use."""

import codecs
from typing import Final, NamedTuple

_MSH_18: Final = 17  # its place after a split, because MSH-1 is the separator itself

_CODECS: Final = {
    "ASCII": "ascii",
    "ISO IR6": "ascii",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    # Real UTF-16 is recognised by its bytes. A name that can be read as ASCII is therefore wrong.
    "UNICODE UTF-16": "utf-8",
    "UTF-16": "utf-8",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc_kr",
    "WINDOWS-1252": "cp1252",
    "CP1252": "cp1252",
    "LATIN1": "iso8859-1",
    "LATIN-1": "iso8859-1",
}
for _part in (*range(1, 10), 15):
    for _name in ("8859/{}", "8859-{}", "ISO-8859-{}", "ISO 8859-{}", "ISO8859-{}"):
        _CODECS[_name.format(_part)] = f"iso8859-{_part}"


class DecodedText(NamedTuple):
    """The text of a message."""

    text: str
    codec: str  # a codec name of Python
    declared: bool  # MSH-18 decided; otherwise the sender's charset did, or both give the same text
    flags: tuple[str, ...]


def codec_named(name: str) -> str | None:
    """Return Python's codec for a charset of HL7 table 0211 or a common name; None if unknown.

    >>> codec_named("8859/1"), codec_named("unicode utf-8"), codec_named("ISO IR 999")
    ('iso8859-1', 'utf-8', None)
    """
    return _CODECS.get(" ".join(name.upper().split()))


def decode(raw: bytes, *, otherwise: str = "utf-8") -> DecodedText:
    r"""Decode a message with the charset of MSH-18 or, if it names none, with ``otherwise``.

    If the bytes are invalid in that charset, they are read as latin-1, which never fails, and the
    message is flagged ``charset_suspect``.

    >>> decode(b"MSH|^~\\&|A\xe9")
    DecodedText(text='MSH|^~\\&|Aé', codec='iso8859-1', declared=False, flags=('charset_suspect',))
    """
    if raw.isascii() and b"\x00" not in raw[:2]:
        return DecodedText(raw.decode("ascii"), otherwise, declared=False, flags=())
    utf_16 = _utf_16(raw)
    if utf_16:
        return utf_16
    name = _declared(raw)
    codec = codec_named(name)
    flags = ("MSH-18.unknown",) if name and not codec else ()
    try:
        return DecodedText(raw.decode(codec or otherwise), codec or otherwise, bool(codec), flags)
    except UnicodeDecodeError:
        text = raw.decode("iso8859-1")
        return DecodedText(text, "iso8859-1", bool(codec), (*flags, "charset_suspect"))


def _declared(raw: bytes) -> str:
    """Return the first repetition of MSH-18, read from the bytes as ASCII."""
    head = raw.split(b"\r", 1)[0].split(b"\n", 1)[0]
    fields = head.split(raw[3:4]) if raw[3:4] else []  # M, S, H, separator
    if len(fields) <= _MSH_18:
        return ""
    field = fields[_MSH_18].decode("ascii", "replace")
    repetition = head[5:6].decode("ascii", "replace") or "~"
    return field.split(repetition)[0].strip()


def _utf_16(raw: bytes) -> DecodedText | None:
    """Decode UTF-16, recognised by a byte order mark or a zero byte beside the M of MSH."""
    codec = (
        "utf-16"
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        else {b"M\x00": "utf-16-le", b"\x00M": "utf-16-be"}.get(raw[:2])
    )
    if not codec:
        return None
    try:
        return DecodedText(raw.decode(codec), codec, declared=True, flags=())
    except UnicodeDecodeError:
        return None
