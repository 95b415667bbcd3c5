"""A small region in HL7 messages, recorded and projected: the data of the tests of pages.

One patient has everything that a timeline can show. The others fill beds. All are invented.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final
from zlib import crc32
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from caretrail.bootstrap import Application, opened
from caretrail.intake import reading_context
from caretrail.readers import open_reader
from caretrail.reading.reader import Reader
from caretrail.web.words import Words
from consumers.hl7v2.translate import read
from infra.settings import Settings

ZONE: Final = ZoneInfo("America/Chicago")
NOW: Final = datetime(2026, 2, 19, 14, 5, tzinfo=ZONE)
WORDS: Final = Words(
    zone=ZONE,
    zone_name="America/Chicago",
    facilities={
        "SBH": "St Brannoc's",
        "NGH": "Northfield General",
        "HRC": "Harbour Rehabilitation",
        "CSC": "Cedar Street Clinic",
        "VNA": "Valley Nurses",
    },
    footers=("Synthetic data: nobody here is real.",),
)
_PROFILES: Final = """
[sender.default]
zone = "America/Chicago"
trusted = [{ authority = "REGION", type = "NI" }]
services = { OBS = "OBSENC" }

[sender.rehabilitation]
match = [{ facility = "HRC" }]
zone = "America/Chicago"
trusted = [{ authority = "REGION", type = "NI" }]
classes = { I = "NONAC" }
"""
#: What an attacker may write into a name or a number.
HOSTILE: Final = "<script>alert(1)</script>"


@dataclass
class Voice:
    """The feed of a hospital for one patient; it numbers its messages."""

    sender: str
    number: str  # PID-3
    name: str
    born: str
    sex: str
    region: str = ""
    mode: str = "P"

    def say(  # noqa: PLR0913
        self,
        trigger: str,
        happened: str,
        *,
        sent: str = "",
        place: str = "",
        before: str = "",
        patient_class: str = "I",
        visit: str = "",
        admitted: str = "",
        discharged: str = "",
        disposition: str = "",
        retired: str = "",
        occurred: bool = True,
    ) -> bytes:
        """Return one message.

        Times are in 2026. They are written as ``02-16 10:45``, ``02-16 10`` or ``02-16``.
        """
        told = sent or happened
        trusted = f"~{self.region}^^^REGION^NI" if self.region else ""
        control = f"{self.sender}{crc32(f'{self.number}{trigger}{happened}{told}'.encode()):010d}"
        pv1 = [""] * 46
        pv1[1], pv1[2], pv1[3] = "1", patient_class, _place(place, self.sender)
        pv1[6] = _place(before, self.sender)
        pv1[7] = "20417^MERIWETHER^ODILE"
        pv1[10] = "OBS" if place.startswith("OBS") else "MED"
        pv1[19] = visit
        pv1[36] = disposition
        pv1[44] = _time(admitted)
        pv1[45] = _time(discharged)
        lines = [
            (
                rf"MSH|^~\&|{self.sender}ADT|{self.sender}|CARETRAIL|REGION|{_time(told)}||ADT^{trigger}"
                f"|{control}|{self.mode}|2.5.1"
            ),
            f"EVN|{trigger}|{_time(told)}|||RN0914|{_time(happened) if occurred else ''}",
            (
                f"PID|1||{self.number}^^^{self.sender}^MR{trusted}||{self.name}||{self.born}|{self.sex}"
                "|||18 Tannery Row^^Northfield^IL^60099"
            ),
        ]
        if retired:
            lines.append(f"MRG|{retired}^^^{self.sender}^MR")
        else:
            lines.append("PV1|" + "|".join(pv1[1:]).rstrip("|"))
        return "\r".join(lines).encode()


def alder() -> list[bytes]:
    """Return the messages of the patient who has everything that a timeline can show."""
    who = ("Alder^Rowena^M", "19510602", "F")
    sbh = Voice("SBH", "77-10342", *who, region="940118274")
    old = Voice("SBH", "77-20981", *who)
    ngh = Voice("NGH", "0048213", *who, region="940118274")
    hrc = Voice("HRC", "R-5518", *who, region="940118274")
    csc = Voice("CSC", "C-20917", *who, region="940118274")
    return [
        sbh.say("A02", "01-04 06:20", place="3N-02", visit="S400117"),
        sbh.say("A03", "01-07 10:15", place="3N-02", visit="S400117", discharged="01-07 10:15",
                disposition="01"),
        csc.say("A04", "01-12 09:05", place="Room 2", patient_class="O", visit="A-7731",
                admitted="01-12 09:05"),
        csc.say("A03", "01-12 09:50", place="Room 2", patient_class="O", visit="A-7731",
                discharged="01-12 09:50"),
        ngh.say("A04", "01-15 08:10", place="ED-07", patient_class="E", visit="N883120",
                admitted="01-15 08:10"),
        ngh.say("A01", "01-15 14:25", place="4W-12", visit="N883120", admitted="01-15 14:25"),
        ngh.say("A02", "01-17 03:50", place="ICU-03", before="4W-12", visit="N883120"),
        ngh.say("A02", "01-19 11:00", place="4W-08", before="ICU-03", visit="N883120"),
        ngh.say("A03", "01-23 11:30", place="4W-08", visit="N883120", discharged="01-23 11:30",
                disposition="62"),
        ngh.say("A03", "01-23 10:30", sent="01-23 15:44", place="4W-08", visit="N883120",
                discharged="01-23 10:30", disposition="62"),
        hrc.say("A01", "01-23 11:40", place="R2-14", patient_class="I", visit="HR-0519",
                admitted="01-23 11:40"),
        hrc.say("A03", "02-02 09:00", place="R2-14", patient_class="I", visit="HR-0519",
                discharged="02-02 09:00", disposition="01"),
        old.say("A01", "02-02 15:20", place="6S-11", visit="S401502", admitted="02-02 15:20"),
        old.say("A11", "02-04 11:05", place="6S-11", visit="S401502", occurred=False),
        sbh.say("A04", "02-11 21:15", place="ED-12", patient_class="E", visit="S401977",
                admitted="02-11 21:15"),
        sbh.say("A02", "02-12 02:10", place="OBS-04", before="ED-12", patient_class="O",
                visit="S401977"),
        sbh.say("A40", "02-12 08:40", retired="77-20981"),
        sbh.say("A06", "02-13 16:00", sent="02-13 19:03", place="5E-21", before="OBS-04",
                visit="S401977"),
        sbh.say("A03", "02-16 09:30", sent="02-17 06:11", place="5E-21", visit="S401977",
                discharged="02-16 09:30", disposition="02"),
        ngh.say("A01", "02-16 10:45", place="4W-10", visit="N884906", admitted="02-16 10:45"),
        csc.say("A05", "02-26 09:30", sent="02-18 12:00", place="Cardiology", patient_class="P",
                visit="A-8204", admitted="02-26 09:30", occurred=False),
        ngh.say("A08", "02-19 09:12", place="4W-10", visit="N884906"),
    ]  # fmt: skip


def orchard() -> list[bytes]:
    """Return messages of a patient whose times are dates alone, one of them with the hour."""
    who = ("Orchard^Hazel", "19480917", "F")
    ngh = Voice("NGH", "0051877", *who, region="940227185")
    csc = Voice("CSC", "C-31406", *who, region="940227185")
    return [
        ngh.say("A04", "01-29", place="ED-17", patient_class="E", visit="D1", admitted="01-29"),
        ngh.say("A01", "01-30", place="4W-33", visit="D1", admitted="01-30"),
        ngh.say("A02", "02-02", place="ICU-09", before="4W-33", visit="D1"),
        ngh.say("A03", "02-06", sent="02-08", place="ICU-09", visit="D1", discharged="02-06",
                disposition="01"),
        csc.say("A04", "02-11 09", place="Room 4", patient_class="O", visit="D2",
                admitted="02-11 09"),
        ngh.say("A01", "02-16", place="4W-34", visit="D3", admitted="02-16"),
        ngh.say("A02", "02-18", place="4W-35", before="4W-34", visit="D3"),
        csc.say("A05", "02-25", sent="02-18", place="Cardiology", patient_class="P", visit="D4",
                admitted="02-25", occurred=False),
    ]  # fmt: skip


def others() -> list[bytes]:
    """Return messages of patients in beds, of a test record, and of an attacker."""
    random = Random(7)
    families = ("Yarrow", "Calloway", "Fennimore", "Oakden", "Dunmore", "Saltmarsh", "Birchall",
                "Kestrel", "Inskip", "Jessop", "Greenhalgh", "Marlowe")  # fmt: skip
    given = ("Noor", "Maren", "Wilhelmina", "Tobias", "Odile", "Barnaby", "Joaquín", "Zoë")
    made: list[bytes] = []
    wards = {"NGH": ("ED", "4W", "ICU", "OBS"), "SBH": ("ED", "5E", "6S", "OBS")}
    classes = {"ED": "E", "OBS": "O"}
    for number in range(44):
        sender = ("NGH", "SBH")[number % 2]
        ward = wards[sender][random.randrange(4)]
        hours = random.randint(2, 20) if ward == "ED" else random.randint(4, 300)
        start = f"{NOW - timedelta(hours=hours, minutes=random.randint(0, 59)):%m-%d %H:%M}"
        if hours > 24 * 50:
            continue
        voice = Voice(
            sender, f"{60000 + number}", f"{random.choice(families)}^{random.choice(given)}",
            f"{random.randint(1930, 2005)}{random.randint(1, 12):02d}{random.randint(1, 28):02d}",
            random.choice("FM"),
        )  # fmt: skip
        made.append(
            voice.say(
                "A04" if ward == "ED" else "A01", start, place=f"{ward}-{number + 1:02d}",
                patient_class=classes.get(ward, "I"), visit=f"V{number}", admitted=start,
            )
        )  # fmt: skip
    test = Voice("NGH", "0048213", "Alder^Test^R", "19810510", "M", mode="T")
    made.append(test.say("A01", "02-19 07:25", place="4W-03", visit="T1", admitted="02-19 07:25"))
    for mrn, name in (("70001", "Vantongeren^Rufus"), ("70002", "Eastlake^Emeric")):
        two = Voice("NGH", mrn, name, "19620404", "M")
        made.append(two.say("A01", f"02-1{mrn[-1]} 11:45", place="4W-20-1", visit=f"B{mrn}",
                            admitted=f"02-1{mrn[-1]} 11:45"))  # fmt: skip
    hanging = Voice("SBH", "70003", "Fairweather^Rosalind", "19350909", "F")
    made.append(hanging.say("A04", "02-17 20:55", place="ED-08", patient_class="E", visit="H1",
                            admitted="02-17 20:55"))  # fmt: skip
    typed = Voice("SBH", "70004", "Inskip^Odile", "19970522", "F", region="111222333")
    made.append(
        typed.say(
            "A04",
            "01-10 08:00",
            place="ED-30",
            patient_class="E",
            visit="I1",
            admitted="01-10 08:00",
        )
    )
    typed.region = "444555666"  # the first number was a mistake
    made.append(
        typed.say(
            "A01", "01-10 14:00", place="4W-30", visit="I1", occurred=False, admitted="01-10 08:00"
        )
    )
    made.append(typed.say("A03", "01-12 09:00", place="4W-30", visit="I1",
                          discharged="01-12 09:00", disposition="01"))  # fmt: skip
    moved = Voice("SBH", "70005", "Jessop^Maren", "19440711", "F")
    for trigger, at, place, before, patient_class, occurred in (
        ("A04", "01-10 08:00", "ED-31", "", "E", True),
        ("A02", "01-10 09:00", "4W-31", "ED-31", "E", True),
        ("A12", "01-10 09:15", "ED-31", "4W-31", "E", False),
        ("A01", "01-10 14:00", "4W-32", "", "I", True),
    ):
        made.append(
            moved.say(
                trigger, at, place=place, before=before, occurred=occurred,
                patient_class=patient_class, visit="I2", admitted="01-10 08:00",
            )
        )  # fmt: skip
    made.append(moved.say("A03", "01-12 09:00", place="4W-32", visit="I2",
                          discharged="01-12 09:00"))  # fmt: skip
    hostile = Voice("NGH", f"9{HOSTILE}", f"{HOSTILE}^O'\"&amp;", "19900101", "F")
    made.append(hostile.say("A01", "02-18 10:00", place=f"{HOSTILE}-1", visit=HOSTILE,
                            admitted="02-18 10:00"))  # fmt: skip
    return made


@contextmanager
def region(
    database: str, home: Path, *, present: datetime | None = None
) -> Iterator[tuple[Application, Reader]]:
    """Open an application over an empty database and record the whole region in it.

    Args:
        database: The empty database.
        home: The home of the application.
        present: The instant that commands and reads take for the present; None: the clock.
    """
    home.mkdir(exist_ok=True, parents=True)
    file = home / "profiles.toml"
    file.write_text(_PROFILES)
    settings = Settings(
        home=home,
        database_url=SecretStr(database),
        profiles=file,
        id_key=SecretStr("5a" * 32),
        now=present,
    )
    with opened(settings) as application, open_reader(application) as reader:
        context = reading_context(application, arrived_by="file")
        application.record(
            [read(raw, context=context) for raw in [*alder(), *orchard(), *others()]]
        )
        application.read_models.catch_up()
        yield application, reader


@dataclass(frozen=True)
class Told:
    """The recorded region, with an open reader."""

    application: Application
    reader: Reader

    @property
    def alder(self) -> str:
        """Return the id of the patient who has everything that a timeline can show."""
        return self._id("SBH|77-10342")

    @property
    def orchard(self) -> str:
        """Return the id of the patient whose times are dates alone."""
        return self._id("NGH|0051877")

    def _id(self, number: str) -> str:
        found = self.reader.resolve(number)
        assert found
        return found


def now() -> datetime:
    """Return the present of the region."""
    return NOW.astimezone(UTC)


def _time(text: str) -> str:
    digits = text.replace("-", "").replace(" ", "").replace(":", "")
    return f"2026{digits}{'00' if ':' in text else ''}" if text else ""


def _place(label: str, facility: str) -> str:
    if not label:
        return ""
    unit, _, rest = label.partition("-")
    room, _, bed = rest.partition("-")
    return f"{unit}^{room}^{bed}^{facility}"
