from tests.domain.interpretation.cases import Case, case

STORIES: list[Case] = []
