"""The picture of the architecture is drawn from the code: ``make docs`` writes it again."""

from tests.architecture import picture


def test_the_picture_is_what_the_code_says() -> None:
    assert picture.FILE.read_text("utf-8") == picture.svg()


def test_imports_are_found_in_every_form() -> None:
    known = picture.modules()
    edges = picture.imports(known)
    assert ("consumers", "commands/ports") in edges
    assert ("infra", "domain") in edges
    assert not [each for each in edges if each[0] == "domain"]
    assert {one for edge in edges for one in edge} <= set(map(picture.folder, known.values()))


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    assert picture.reduced({("a", "b"), ("b", "c"), ("a", "c"), ("d", "c")}) == {
        ("a", "b"),
        ("b", "c"),
        ("d", "c"),
    }


def test_a_package_is_above_all_that_it_imports() -> None:
    known = picture.modules()
    edges = picture.imports(known)
    at = {box.package: box for box in picture.boxes(known, picture.reduced(edges))}
    assert all(at[one].y + at[one].height < at[other].y for one, other in edges)


def test_no_two_boxes_overlap() -> None:
    known = picture.modules()
    placed = picture.boxes(known, picture.reduced(picture.imports(known)))
    for one in placed:
        for other in placed:
            apart = (
                one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )
            assert apart or one is other
