"""The stories of the demo that people continue by commands: only their ADT is generated here."""

from collections.abc import Callable, Sequence

from caretrail import demo_patients as titles
from caretrail.generate.biography import Biography, GeneratedLife
from caretrail.generate.course import AGAINST_ADVICE, HOME, NURSING
from caretrail.generate.life_generator import LifeGenerator
from caretrail.generate.story_parts import StoryParts, when


class CareStories(StoryParts):
    """Generates the visits behind the stories; ``interesting`` then lists their patients.

    The number of each patient is of the facility at which the story begins.

    Rooms have numbers that no drawn visit uses, so that these stays disturb no other patient.
    """

    def generate(self, lives: LifeGenerator) -> list[GeneratedLife]:
        """Return the lives of all stories; the region must have the named facilities."""
        self._lives = lives
        makers: Sequence[Callable[[], list[Biography]]] = (
            self._overdue_call, self._never_answered, self._rebooked, self._not_followed_up,
            self._revised, self._died,
        )  # fmt: skip
        return [each.life() for maker in makers for each in maker()]

    def _overdue_call(self) -> list[Biography]:
        return self._single(
            titles.OVERDUE_CALL,
            ("Winslade", "Gideon", "19670819", "M"),
            "NGH",
            ("arrive", 3, 19, 20, "ED-31-1", "EMER"),
            ("change", 3, 23, 5, "5N-19-1", "IMP"),
            ("end", 4, 9, 20, AGAINST_ADVICE, "IMP"),
        )

    def _never_answered(self) -> list[Biography]:
        return self._single(
            titles.NEVER_ANSWERED,
            ("Pettibone", "Leopold", "19580214", "M"),
            "LPC",
            ("arrive", 0, 10, 0, "SUITE-13-1", "AMB"),
            ("end", 0, 10, 45, HOME, "AMB"),
        )

    def _rebooked(self) -> list[Biography]:
        someone = self._biography("Larkspur", "Agatha", "19490330", "F")
        for code, *facts in (
            ("NGH", ("arrive", -6, 8, 35, "ED-32-1", "EMER"), ("end", -6, 14, 10, HOME, "EMER")),
            ("CSC", ("arrive", 4, 10, 0, "CARDIO-13-1", "AMB"), ("end", 4, 10, 50, HOME, "AMB")),
        ):
            someone.visit(self._course(code, *facts), troubles=())  # type: ignore[arg-type]  # lines
        self._show(titles.REBOOKED, someone, "NGH")
        return [someone]

    def _not_followed_up(self) -> list[Biography]:
        someone = self._biography("Halloran", "Desmond", "19441105", "M")
        someone.visit(
            self._course(
                "SBH", ("admit", -11, 15, 30, "5E-19-1", "IMP"), ("end", -7, 11, 0, HOME, "IMP")
            ),
            troubles=(),
        )
        someone.visit(
            self._course(
                "NGH",
                ("arrive", 5, 2, 30, "ED-33-1", "EMER"),
                ("change", 5, 7, 15, "4W-19-1", "IMP"),
                ("end", 12, 11, 0, HOME, "IMP"),
            ),
            troubles=(),
        )
        self._show(titles.NOT_FOLLOWED_UP, someone, "SBH")
        return [someone]

    def _revised(self) -> list[Biography]:
        someone = self._biography("Oakenshaw", "Beatrix", "19390726", "F")
        someone.visit(
            self._course(
                "SBH",
                ("arrive", -8, 16, 50, "ED-31-1", "EMER"),
                ("change", -8, 21, 30, "6S-19-1", "IMP"),
                ("end", 0, 10, 0, NURSING, "IMP"),
            ),
            troubles=(),
        )
        someone.visit(
            self._course(
                "MCN", ("admit", 0, 11, 30, "M1-25-1", "NONAC"), ("end", 20, 10, 0, HOME, "NONAC")
            ),
            troubles=(),
        )
        self._show(titles.REVISED, someone, "SBH")
        return [someone]

    def _died(self) -> list[Biography]:
        someone = self._biography("Trevanion", "Cordelia", "19310109", "F")
        someone.visit(
            self._course(
                "CSC", ("arrive", -12, 9, 30, "ROOM-13-1", "AMB"), ("end", -12, 10, 5, HOME, "AMB")
            ),
            troubles=(),
        )
        someone.visit(
            self._course(
                "SBH", ("admit", -1, 13, 45, "3N-19-1", "IMP"), ("end", 3, 14, 0, HOME, "IMP")
            ),
            troubles=(),
        )
        someone.died(self._facility("CSC"), when(6, 5, 40), told_at=when(7, 9, 10))
        self._show(titles.DIED, someone, "SBH")
        return [someone]
