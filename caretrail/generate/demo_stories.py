"""The stories of the demo; each shows one feature of the pages on one patient."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from caretrail.generate.biography import Biography, GeneratedLife
from caretrail.generate.course import HOME, HOSPITAL, NURSING
from caretrail.generate.life_generator import LifeGenerator
from caretrail.generate.story_parts import StoryParts, when


class DemoStories(StoryParts):
    """Generates the stories that ADT alone tells; ``interesting`` then lists their patients."""

    def generate(self, lives: LifeGenerator) -> list[GeneratedLife]:
        """Return the lives of all stories; the region must have the named facilities."""
        self._lives = lives
        makers: Sequence[Callable[[], list[Biography]]] = (
            self._whole_week, self._clean_stay, self._discharge_first, self._cancelled,
            self._merged, self._number_twice, self._late_correction, self._readmitted,
            self._to_mend, self._unknown_beginning, self._test_record, self._one_bed,
            self._left_open, self._mistyped,
        )  # fmt: skip
        return [each.life() for maker in makers for each in maker()]

    # --- stories ---------------------------------------------------------------------------------

    def _whole_week(self) -> list[Biography]:
        alder = self._biography("Alder", "Rowena", "19510602", "F")
        alder.visit(
            self._course(
                "HRC",
                ("admit", -9, 11, 40, "R1-05-1", "NONAC"),
                ("move", 0, 6, 20, "R2-02-1", "NONAC"),
                ("end", 0, 10, 15, HOME, "NONAC"),
            ),
            troubles=(),
        )
        alder.visit(
            self._course(
                "CSC", ("arrive", 1, 9, 5, "ROOM-02-1", "AMB"), ("end", 1, 9, 50, HOME, "AMB")
            ),
            troubles=(),
        )
        mistake = self._biography("Alder", "Rowena", "19510602", "F", like=alder)
        mistake.visit(
            self._course(
                "SBH", ("admit", 1, 15, 20, "6S-11-1", "IMP"), ("end", 1, 20, 0, HOME, "IMP")
            ),
            troubles=("registered by mistake",),
        )
        retired = mistake.records.pop("SBH")
        alder.visit(
            self._course(
                "NGH",
                ("arrive", 2, 8, 10, "ED-07-1", "EMER"),
                ("change", 2, 14, 25, "4W-12-1", "IMP"),
                ("move", 3, 3, 50, "ICU-03-1", "IMP"),
                ("move", 4, 11, 0, "4W-08-1", "IMP"),
                ("end", 4, 16, 30, NURSING, "IMP"),
            ),
            troubles=("discharge corrected", "transfer cancelled"),
        )
        alder.visit(
            self._course(
                "MCN",
                ("admit", 4, 17, 40, "M1-14-2", "NONAC"),
                ("end", 5, 20, 5, HOSPITAL, "NONAC"),
            ),
            troubles=("update after discharge",),
        )
        alder.visit(
            self._course(
                "SBH",
                ("arrive", 5, 21, 15, "ED-12-1", "EMER"),
                ("move", 6, 1, 10, "OBS-04-1", "OBSENC"),
                ("change", 6, 16, 0, "5E-21-1", "IMP"),
                ("end", 9, 11, 0, HOME, "IMP"),
            ),
            troubles=(),
        )
        alder.visit(
            self._course(
                "CSC",
                ("plan", 4, 12, 0, "CARDIO", "AMB"),
                ("arrive", 10, 9, 30, "CARDIO-01-1", "AMB"),
                ("end", 10, 10, 15, HOME, "AMB"),
            ),
            troubles=(),
        )
        alder.merge(self._facility("SBH"), retired, when(6, 8, 40))
        alder.take_over(mistake)
        self._show("A week through five facilities, readmitted, merged", alder, "NGH")
        return [alder]

    def _clean_stay(self) -> list[Biography]:
        return self._single(
            "A clean stay: admitted, transferred twice, discharged",
            ("Fennimore", "Wilhelmina", "19520411", "F"),
            "NGH",
            ("admit", 1, 10, 0, "4W-03-1", "IMP"),
            ("move", 2, 11, 0, "ICU-09-1", "IMP"),
            ("move", 3, 12, 0, "5N-04-2", "IMP"),
            ("end", 4, 13, 20, HOME, "IMP"),
        )

    def _discharge_first(self) -> list[Biography]:
        someone = self._biography("Jessop", "Silas", "19740923", "M")
        clerk = someone.visit(
            self._course(
                "SBH",
                ("admit", 2, 10, 0, "5E-05-1", "IMP"),
                ("end", 3, 13, 20, HOME, "IMP"),
            ),
            troubles=(),
        )
        for each in clerk.messages:
            if each.trigger == "A01":
                each.created = when(4, 7, 55)
                each.delivered, each.entered = each.created, each.created
        self._show("The discharge arrived before the admission", someone, "SBH")
        return [someone]

    def _cancelled(self) -> list[Biography]:
        return self._single(
            "Admission cancelled and repeated; discharge cancelled, another bed",
            ("Kestrel", "Joaquín", "19630130", "M"),
            "SBH",
            ("admit", 0, 14, 0, "6S-03-1", "IMP"),
            ("end", 4, 10, 0, HOME, "IMP"),
            troubles=("admission cancelled and repeated", "discharge cancelled, another bed"),
        )

    def _merged(self) -> list[Biography]:
        someone = self._biography("Oakden", "Candela", "19321105", "F")
        clerk = someone.visit(
            self._course(
                "NGH",
                ("arrive", 1, 22, 10, "ED-13-1", "EMER"),
                ("change", 2, 3, 30, "6E-06-1", "IMP"),
                ("move", 3, 15, 0, "6E-09-2", "IMP"),
                ("end", 5, 9, 30, HOME, "IMP"),
            ),
            troubles=(),
        )
        merged_at, used_again = when(3, 10, 0), when(5, 0, 0)
        retired = self._lives.register.numbers.record(clerk.facility, clerk.rng)
        for each in clerk.messages:
            if each.created < merged_at or each.created > used_again:
                each.record = retired
        someone.merge(clerk.facility, retired, merged_at)
        self._show("Two numbers merged; the old one used again afterwards", someone, "NGH")
        return [someone]

    def _number_twice(self) -> list[Biography]:
        someone = self._biography("Garrick", "Anselm", "19491103", "M")
        clerk = someone.visit(
            self._course(
                "NGH",
                ("admit", 2, 9, 0, "5N-11-1", "IMP"),
                ("move", 3, 17, 0, "5N-12-1", "IMP"),
                ("end", 6, 10, 0, HOME, "IMP"),
            ),
            troubles=(),
        )
        for each in clerk.messages:
            if each.trigger in {"A01", "A02"}:
                each.control = "NGH9000017"
        self._show("One control id on two different messages", someone, "NGH")
        return [someone]

    def _late_correction(self) -> list[Biography]:
        someone = self._biography("Thornbury", "Tamsin", "19740609", "F")
        clerk = someone.visit(
            self._course(
                "NGH",
                ("arrive", 0, 11, 5, "ED-22-1", "EMER"),
                ("change", 0, 18, 40, "4W-16-2", "IMP"),
                ("end", 3, 12, 30, HOME, "IMP"),
            ),
            troubles=("discharge corrected",),
        )
        last = clerk.messages[-1]
        last.created = last.delivered = last.entered = when(5, 9, 14)
        self._show("A discharge corrected two days later", someone, "NGH")
        return [someone]

    def _readmitted(self) -> list[Biography]:
        someone = self._biography("Calloway", "Salma", "19461224", "F")
        for facts in (
            (
                ("arrive", 0, 7, 30, "ED-05-1", "EMER"),
                ("change", 0, 13, 0, "5N-02-1", "IMP"),
                ("end", 2, 11, 0, HOME, "IMP"),
            ),
            (
                ("arrive", 4, 20, 15, "ED-09-1", "EMER"),
                ("change", 5, 2, 0, "4W-05-1", "IMP"),
                ("end", 8, 11, 0, HOME, "IMP"),
            ),
        ):
            someone.visit(self._course("NGH", *facts), troubles=())
        self._show("Readmitted two days after going home", someone, "NGH")
        return [someone]

    def _to_mend(self) -> list[Biography]:
        someone = self._biography("Rowntree", "Perpetua", "20060410", "F")
        clerk = someone.visit(
            self._course(
                "SBH", ("admit", 3, 8, 0, "3N-07-1", "IMP"), ("end", 6, 12, 0, HOME, "IMP")
            ),
            troubles=(),
        )
        at = when(4, 15, 0)
        someone.messages.append(
            replace(
                clerk.messages[0], trigger="A02", created=at, delivered=at, entered=at, occurred=at,
                prior_spot=clerk.messages[0].spot, spot=self._spot("SBH", "6S-10-2"),
                no_identifier=True, enterprise="",
            )
        )  # fmt: skip
        self._show("A transfer without a patient number waits for correction", someone, "SBH")
        return [someone]

    def _unknown_beginning(self) -> list[Biography]:
        return self._single(
            "The feed begins during a stay: its start is not known",
            ("Underhill", "Barnaby", "19330517", "M"),
            "WVH",
            ("admit", -4, 9, 0, "MS-03-1", "IMP"),
            ("move", 1, 14, 10, "MS-08-2", "IMP"),
            ("end", 4, 10, 45, HOME, "IMP"),
        )

    def _test_record(self) -> list[Biography]:
        someone = self._biography("Birchall", "Idris", "20020423", "M")
        someone.visit(
            self._course(
                "NGH", ("admit", 4, 8, 15, "4W-11-1", "IMP"), ("end", 8, 9, 0, HOME, "IMP")
            ),
            troubles=(),
        )
        tester = self._biography("Alder", "Ulric", "19810510", "M")
        tester.records["NGH"] = someone.records["NGH"]
        clerk = tester.visit(
            self._course(
                "NGH", ("admit", 4, 7, 25, "4W-15-1", "IMP"), ("end", 8, 9, 0, HOME, "IMP")
            ),
            troubles=(),
        )
        someone.messages += [replace(each, mode="T", enterprise="") for each in clerk.messages]
        self._show("A test record has the same number and is kept apart", someone, "NGH")
        return [someone]

    def _one_bed(self) -> list[Biography]:
        first = self._biography("Vantongeren", "Rufus", "19621009", "M")
        first.visit(
            self._course(
                "NGH", ("admit", 3, 17, 55, "4W-17-1", "IMP"), ("end", 9, 9, 0, HOME, "IMP")
            ),
            troubles=(),
        )
        second = self._biography("Eastlake", "Emeric", "19951216", "M")
        second.visit(
            self._course(
                "NGH", ("admit", 6, 11, 45, "4W-17-1", "IMP"), ("end", 9, 9, 0, HOME, "IMP")
            ),
            troubles=(),
        )
        self._show("Two patients in one bed until a message resolves it", second, "NGH")
        return [first, second]

    def _left_open(self) -> list[Biography]:
        return self._single(
            "An emergency visit without a discharge",
            ("Fairweather", "Rosalind", "19350822", "F"),
            "SBH",
            ("arrive", 4, 20, 55, "ED-08-1", "EMER"),
            ("end", 9, 9, 0, HOME, "EMER"),
        )

    def _mistyped(self) -> list[Biography]:
        first = self._biography("Marlowe", "Maren", "19790314", "F")
        first.visit(
            self._course(
                "NGH", ("admit", 1, 9, 10, "6E-02-1", "IMP"), ("end", 3, 12, 0, HOME, "IMP")
            ),
            troubles=(),
        )
        second = self._biography("Inskip", "Odile", "19970522", "F")
        clerk = second.visit(
            self._course(
                "SBH", ("admit", 2, 8, 0, "6S-14-1", "IMP"), ("end", 4, 15, 0, HOME, "IMP")
            ),
            troubles=(),
        )
        clerk.messages[0].enterprise = first.person.enterprise
        self._show("A shared number mistyped, then corrected: two patients", second, "SBH")
        return [first, second]
