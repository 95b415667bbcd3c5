from caretrail.web.render import environment


def shown(text: str) -> str:
    return environment().from_string("{{ text }}").render(text=text)


def test_every_text_is_escaped() -> None:
    assert shown("<script>\"'&") == "&lt;script&gt;&#34;&#39;&amp;"


def test_invisible_characters_cannot_reverse_the_text_after_them() -> None:
    assert shown("Ada \u202ecba\u2066 \x00") == "Ada \ufffdcba\ufffd \ufffd"


def test_a_name_in_any_script_stays_as_it_is() -> None:
    name = "\u05e2\u05d1\u05e8\u05d9\u05ea, Jos\xe9 \u200f"

    assert shown(name) == name
