"""A fixed feed without end: visits of three messages (A01, A02, A03), two visits of each patient.

Message ``i`` is always the same. Every message states new facts, and none needs another message to
be understood. A message has nine segments and about 800 bytes, filled as hospitals fill them.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

_START: Final = datetime(2026, 3, 2, tzinfo=UTC)
_FAMILY: Final = ("Albrecht", "Bergmann", "Castell", "Dorn", "Ehlers", "Fink", "Gruber", "Hansen")
_GIVEN: Final = ("Ada", "Bruno", "Clara", "David", "Elif", "Frieda", "Georg", "Hanna", "Iwan")
_STREET: Final = ("Birkenweg", "Am Markt", "Lindenallee", "Seestrasse", "Hafenstrasse")
_UNIT: Final = ("MED1", "MED2", "SURG", "ICU", "NEURO", "GERI")
_TRIGGER: Final = ("A01", "A02", "A03")

#: Messages of one visit.
VISIT: Final = len(_TRIGGER)
#: Messages of one patient.
PATIENT: Final = 2 * VISIT


def message(index: int) -> bytes:
    """Return message ``index`` of the feed."""
    visit, step = divmod(index, VISIT)
    patient = visit // 2 + 1
    trigger = _TRIGGER[step]
    # A visit takes days, and patients come minutes apart.
    admitted = _START + timedelta(minutes=7 * patient, days=40 * (visit % 2))
    occurred = admitted + timedelta(hours=31 * step)
    when = f"{occurred:%Y%m%d%H%M%S}"
    unit = _UNIT[(patient + step) % len(_UNIT)]
    before = _UNIT[(patient + step - 1) % len(_UNIT)]
    bed, room = patient % 3 + 1, patient % 40 + 100
    prior = f"{before}^{room}^{bed}^HOSP" if step else ""
    left, disposition = (when, "01") if step == VISIT - 1 else ("", "")
    family, given = _FAMILY[patient % 8], _GIVEN[patient // 8 % 9]
    street = f"{_STREET[patient % 5]} {patient % 90 + 1}"
    born = f"{1930 + patient % 80}{patient % 12 + 1:02}{patient % 28 + 1:02}"
    return (
        f"MSH|^~\\&|ADT|HOSP|CARE|REGION|{when}||ADT^{trigger}|B{index:09}|P|2.5.1|||AL|NE\r"
        f"EVN|{trigger}|{when}|||KIS^Anmeldung|{when}\r"
        f"PID|1||{patient:08}^^^HOSP^MR||{family}^{given}^M||{born}|{'FM'[patient % 2]}|||"
        f"{street}^^Musterstadt^^{20000 + patient % 900}^DE||+49 30 {patient:07}|||M|NON|"
        f"F{patient:08}^^^HOSP^AN\r"
        f"PD1|||Praxis am Park^^1201|{1000 + patient % 60}^Vogt^Lea^^^Dr.\r"
        f"NK1|1|{family}^{_GIVEN[patient % 9]}|SPO|{street}^^Musterstadt|+49 30 {patient:07}\r"
        f"PV1|1|I|{unit}^{room}^{bed}^HOSP|R||{prior}|{2000 + patient % 40}^Roth^Jan^^^Dr.||"
        f"{3000 + patient % 40}^Sommer^Ina|MED||||1|||{2000 + patient % 40}^Roth^Jan|IP|"
        f"{visit + 1:08}^^^HOSP^VN|||||||||||||||||{disposition}"
        f"||||||||{admitted:%Y%m%d%H%M%S}|{left}\r"
        f"AL1|1|DA|{patient % 50:03}^Penicillin^L|SV|Exanthem\r"
        f"DG1|1||I50.{patient % 10}^Herzinsuffizienz^ICD-10|||A\r"
        f"IN1|1|GKV^Gesetzlich|{patient % 90 + 1000}|Krankenkasse Nord|Postfach 1^^Musterstadt"
        f"|||||||||||{family}^{given}|SEL|{born}\r"
    ).encode()
