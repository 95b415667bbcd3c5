"""Messages mangled in the ways that break readers: bytes, fields, segments, sizes."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from random import Random

from consumers.hl7v2.files import split
from domain.triggers import TRIGGERS
from tests.consumers.hl7v2.adt import adt, pv1

_MERGED = ("MRG|11112^^^MERCY^MR||A9||V9^^^^VN", "ZBE|1|2|3|INSERT|N", "NTE|1||note", "ZZZ|1|z")
BASES = [
    *(
        adt(trigger, *_MERGED, visit=pv1(f44="20260301", f6="5E^2^B"))
        for trigger in sorted(TRIGGERS)
    ),
    *chain.from_iterable(
        split(each.read_bytes()) for each in sorted((Path(__file__).parent / "reported").iterdir())
    ),
]
SCRAPS = [
    b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b'""', b"\x00", b"\xff", b"\xc3\xbc", b"\x1b$B",
    b"MSH|", b"\rPID|", b"\rMRG|", b"\rPV1|", b"\rMSA|AA|1", b"\\X00\\", b"\\F\\", b"20260230",
    b"0001", b"+9999", b"99991231235959.9999-1400", b"#", b"\xe2\x80\xa8", b"\xad", b"T",
    b"ISO IR87", b"\x1b(B", b"00000000-0000", "\u0663".encode(), b"NaN", b"\\.br\\", b" ", b"\t",
    b"00010101", b"ADT_A01", b"ACK", b"UNICODE",
    b"\xed\xa0\xbd",
]  # fmt: skip
_SIZES = (1, 1, 1, 2, 5, 70, 300, 5_000, 40_000)


def mangled(random: Random) -> bytes:
    """Return a message that is broken in up to five ways."""
    raw = random.choice(BASES)
    for _ in range(random.randint(0, 5)):
        raw = random.choice(_WAYS)(raw, random)
    return raw


def with_control_id(raw: bytes, control_id: str) -> bytes:
    """Return a message with another MSH-10, if it has one."""
    head, end, rest = raw.partition(b"\r")
    fields = head.split(b"|")
    if len(fields) > 9:
        fields[9] = control_id.encode()
    return b"|".join(fields) + end + rest


def _overwritten(raw: bytes, random: Random) -> bytes:
    start = random.randint(0, len(raw))
    end = min(len(raw), start + random.choice((0, 0, 1, 3, 40)))
    return raw[:start] + random.choice(SCRAPS) * random.choice(_SIZES) + raw[end:]


def _with_random_bytes(raw: bytes, random: Random) -> bytes:
    start = random.randint(0, len(raw))
    return raw[:start] + random.randbytes(random.choice((1, 4, 64))) + raw[start:]


def _with_a_field(raw: bytes, random: Random) -> bytes:
    """Put one field in the place of another."""
    lines = raw.split(b"\r")
    number = random.randrange(len(lines))
    fields = lines[number].split(b"|")
    donor = random.choice(random.choice(BASES).split(b"|"))
    fields[random.randrange(len(fields))] = random.choice(
        (donor, random.choice(SCRAPS) * random.choice(_SIZES), str(random.getrandbits(90)).encode())
    )
    lines[number] = b"|".join(fields)
    return b"\r".join(lines)


def _with_segments(raw: bytes, random: Random) -> bytes:
    """Repeat, move or leave out segments."""
    lines = raw.split(b"\r")
    some = random.choice(lines)
    how = random.randrange(4)
    if how == 0:
        lines[random.randrange(len(lines))] = b"\r".join([some] * random.choice((2, 3, 120)))
    elif how == 1 and len(lines) > 2:
        first, *rest = lines
        random.shuffle(rest)
        lines = [first, *rest]
    elif how == 2 and len(lines) > 1:
        del lines[random.randrange(1, len(lines))]
    else:
        lines.append(random.choice(random.choice(BASES).split(b"\r")))
    return b"\r".join(lines)


def _with_other_delimiters(raw: bytes, random: Random) -> bytes:
    return raw.translate(bytes.maketrans(b"|^~\\&", bytes(random.sample(range(33, 127), 5))))


def _encoded(raw: bytes, random: Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    return text.encode(random.choice(("utf-16", "utf-16-le", "latin-1", "gb18030")), "replace")


def _with_other_ends(raw: bytes, random: Random) -> bytes:
    return raw.replace(b"\r", random.choice((b"\n", b"\r\n", b"\r\r", b"\n\n", b"\n \n")))


def _cut(raw: bytes, random: Random) -> bytes:
    return raw[: random.randint(0, len(raw))]


_WAYS: list[Callable[[bytes, Random], bytes]] = [
    *(_overwritten, _overwritten, _with_a_field, _with_a_field, _with_a_field, _with_segments),
    *(_with_random_bytes, _with_other_delimiters, _encoded, _with_other_ends, _cut),
]
