"""Decode the bytes of a message: charsets of HL7 table 0211, and the names that senders use.

The charset decides before anything is split, because bytes of a letter may equal a delimiter: in
ISO 2022-JP the second byte of a Kanji may be ``|``. So the same bytes read the same, whatever else
the message holds.
"""

import codecs
import re
from functools import lru_cache
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

#: Japanese character sets, between which a text switches by escape sequences (ISO 2022, RFC 1468).
_JAPANESE: Final = frozenset({"ISO IR13", "ISO IR14", "ISO IR87", "ISO IR159"})
_ISO_2022: Final = "iso2022_jp_ext"
for _name in _JAPANESE:
    _CODECS[_name] = _ISO_2022
#: Codecs of charsets to which a text may switch by escape sequences.
_SWITCHABLE: Final = frozenset({_ISO_2022, "ascii"})
_ESCAPE: Final = b"\x1b"
#: An escape sequence that begins a character set, and the text up to the next one.
_SWITCHED: Final = re.compile(rb"(\x1b(?:\$(?:\([D@-Z]|[@AB])|\([A-Z]))([^\x1b]*)", re.DOTALL)
_SINGLE_BYTE: Final = frozenset({b"\x1b(B", b"\x1b(J"})  # ASCII, and its Japanese variant
#: Charsets in which the bytes of a letter before MSH-18 may equal the field separator.
_MULTI_BYTE: Final = (_ISO_2022, "gb18030", "big5")
_MARKS: Final = frozenset({codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE})
_NO_NAMES: Final = ("",)
_LONGEST_FIELD: Final = 256  # characters that are read of MSH-18


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
    message is flagged ``charset_suspect``. If MSH-18 names a charset that is not supported, the
    message is flagged ``MSH-18.unknown``.

    >>> decode(b"MSH|^~\\&|A\xe9")
    DecodedText(text='MSH|^~\\&|Aé', codec='iso8859-1', declared=False, flags=('charset_suspect',))
    """
    if b"\x00" in raw[:2] or raw[:2] in _MARKS:
        utf_16 = _utf_16(raw)
        if utf_16:
            return utf_16
    names = _declared(raw)
    codec, flags = _codec_of(names) if names != _NO_NAMES else (None, ())
    if raw.isascii() and (_ESCAPE not in raw or (codec or otherwise) != _ISO_2022):
        return DecodedText(raw.decode("ascii"), codec or otherwise, bool(codec), flags)
    try:
        if codec == _ISO_2022:
            text, codec = _switching(raw, codec_named(names[0]) or "ascii")
            return DecodedText(text, codec, declared=True, flags=flags)
        return DecodedText(raw.decode(codec or otherwise), codec or otherwise, bool(codec), flags)
    except UnicodeDecodeError:
        text = raw.decode("iso8859-1")
        return DecodedText(text, "iso8859-1", bool(codec), (*flags, "charset_suspect"))


@lru_cache(maxsize=64)
def _codec_of(names: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Return the codec for the charsets of MSH-18, and flags.

    The first name is the charset of the message; an empty one means ASCII. A text switches to the
    others by escape sequences. Of these only the Japanese ones are supported.
    """
    first, *others = (codec_named(each) for each in names)
    unknown = names[0] != "" and first is None
    if first != "utf-8":  # which has every letter, so a text never switches
        switched = zip(names[1:], others, strict=True)
        unknown |= any(name and codec not in _SWITCHABLE for name, codec in switched)
    flags = ("MSH-18.unknown",) if unknown else ()
    if _ISO_2022 in {first, *others}:
        return _ISO_2022, flags
    return first, flags


def _switching(raw: bytes, first: str) -> tuple[str, str]:
    """Decode a text that switches between charsets; return it with the codec of its escapes.

    ``first`` is the charset outside of the switched parts.

    Raises:
        UnicodeDecodeError: A part is invalid in its charset.
    """
    if first in {"ascii", _ISO_2022}:
        return raw.decode(_ISO_2022), _ISO_2022
    parts = [raw.partition(_ESCAPE)[0].decode(first)]
    for begin, text in _SWITCHED.findall(raw):
        single = begin in _SINGLE_BYTE
        parts.append(text.decode(first) if single else (begin + text).decode(_ISO_2022))
    return "".join(parts), first


def _declared(raw: bytes) -> tuple[str, ...]:
    """Return the repetitions of MSH-18."""
    head = raw.split(b"\r", 1)[0].split(b"\n", 1)[0]
    if head.count(head[3:4]) < _MSH_18:
        return _NO_NAMES
    if head.isascii() and _ESCAPE not in head:
        field = head.split(head[3:4])[_MSH_18]
        return _names(field[:_LONGEST_FIELD].decode(), head[5:6].decode()) if field else _NO_NAMES
    # Bytes of a letter before MSH-18 may equal the separator: read MSH in each such charset.
    for codec in _MULTI_BYTE:
        names = _names_in(head.decode(codec, "replace"))
        if any(names) and _codec_of(names)[0] == codec:
            return names
    return _names_in(head.decode("ascii", "replace"))


def _names_in(head: str) -> tuple[str, ...]:
    """Return the repetitions of MSH-18 of a segment; one empty name if it has none."""
    fields = head.split(head[3:4]) if head[3:4] else []  # M, S, H, separator
    if len(fields) <= _MSH_18:
        return _NO_NAMES
    return _names(fields[_MSH_18][:_LONGEST_FIELD], head[5:6])


@lru_cache(maxsize=64)
def _names(field: str, repetition: str) -> tuple[str, ...]:
    return tuple([each.strip() for each in field.split(repetition or "~")])


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
