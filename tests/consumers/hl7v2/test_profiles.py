import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from consumers.hl7v2.profiles import Profile, Profiles, ProfilesInvalid, UnknownSender, load, parse

TWO = """
[sender.mercy]
match = [{application = "ADT", facility = "MERCY"}, {facility = "MERCYWEST"}]
clients = ["mercy.example", "shared.example"]

[sender.north]
match = [{facility = "NORTH"}]
clients = ["shared.example"]

[sender.open]
match = [{application = "ADT"}]
"""


def choice(toml: str = TWO, **asked: str) -> str:
    chosen = parse(toml).choose(**{"application": "ADT", "facility": "MERCY"} | asked)
    return chosen.name


def test_a_named_sender_decides_first() -> None:
    assert choice(requested="north", client="mercy.example") == "north"


def test_a_client_that_one_profile_names_decides_next() -> None:
    assert choice(client="mercy.example", facility="NORTH") == "mercy"
    assert choice(client="shared.example", facility="NORTH") == "north"
    assert choice(client="shared.example") == "mercy"
    assert choice(client="nobody.example") == "mercy"


def test_msh_3_and_msh_4_decide_next_and_a_match_of_both_comes_first() -> None:
    assert choice() == "mercy"
    assert choice(facility="MERCYWEST", application="X") == "mercy"
    assert choice(facility="ELSEWHERE") == "open"


def test_without_a_match_the_default_is_chosen() -> None:
    chosen = parse(TWO).choose(application="X", facility="Y")
    assert (chosen.name, chosen.configured) == ("default", False)
    assert chosen.profile == Profile()
    configured = parse('[sender.default]\nzone = "UTC"').choose(application="X", facility="Y")
    assert configured.configured
    assert configured.profile.zone == "UTC"


def test_a_sender_that_names_its_clients_accepts_no_others() -> None:
    profiles = parse(TWO)
    mercy = profiles.choose(application="ADT", facility="MERCY")
    assert mercy.accepts("mercy.example")
    assert not mercy.accepts("nobody.example")
    assert not mercy.accepts("")
    assert profiles.choose(application="ADT", facility="X").accepts("")


def test_an_unknown_name_is_an_error_that_lists_the_profiles() -> None:
    profiles = parse(TWO)
    assert profiles["default"] == Profile()
    with pytest.raises(UnknownSender, match="mercy, north, open"):
        profiles["south"]


def test_the_version_depends_only_on_the_content_of_the_profile() -> None:
    profiles = parse("""
        [sender.a]
        zone = "Europe/Berlin"
        facilities = {B = "1", A = "2"}
        [sender.b]
        facilities = {A = "2", B = "1"}
        zone = "Europe/Berlin"
        charset = "UTF-8"
        [sender.c]
        zone = "Europe/Paris"
    """)
    assert profiles["a"].version == profiles["b"].version != profiles["c"].version
    assert profiles["a"].version == sha256(profiles["a"].canonical).hexdigest()
    assert json.loads(profiles["a"].canonical) == {
        "zone": "Europe/Berlin",
        "facilities": {"A": "2", "B": "1"},
    }
    assert Profiles()["default"].canonical == b"{}"


@pytest.mark.parametrize(
    ("toml", "key", "remedy"),
    [
        ("[sender.a", "", "is not valid TOML"),
        ('zone = "UTC"', "zone", "write profiles as [sender.NAME]"),
        ("sender = 3", "sender", "write profiles as [sender.NAME]"),
        ("[sender]\na = 3", "sender.a", "valid dictionary"),
        ('[sender.a]\nzone = "Mars"', "sender.a.zone", "such as 'Europe/Berlin'"),
        ('[sender.a]\nzone = "../etc"', "sender.a.zone", "such as 'Europe/Berlin'"),
        ('[sender.a]\ncharset = "EBCDIC"', "sender.a.charset", "write 'UTF-8'"),
        (
            "[sender.a]\ntimezone = 1",
            "sender.a.timezone",
            "is not a known key; the keys are acknowledgement",
        ),
        ('[sender.a]\nclasses = {X = "BED"}', "sender.a.classes.X", "'EMER', 'IMP'"),
        ('[sender.a]\nvisit_number = "PV1-1"', "sender.a.visit_number.0", "'PV1-19'"),
        ("[sender.a]\nsame_visit_hours = -1", "sender.a.same_visit_hours", "greater than or equal"),
        ('[sender.a]\ntrusted = [{type = "NH"}]', "sender.a.trusted.0.authority", "required"),
    ],
)
def test_an_error_names_the_file_the_key_and_the_remedy(
    tmp_path: Path, toml: str, key: str, remedy: str
) -> None:
    file = tmp_path / "profiles.toml"
    file.write_text(toml, "utf-8")
    with pytest.raises(ProfilesInvalid) as caught:
        load(file)
    assert caught.value.file == str(file)
    assert caught.value.key == key
    assert remedy in caught.value.remedy
    assert str(caught.value).startswith(f"{file}: {key}")


def test_a_missing_file_leaves_the_default_and_a_file_that_is_not_utf_8_is_an_error(
    tmp_path: Path,
) -> None:
    assert not load(tmp_path / "none.toml").named
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProfilesInvalid, match="UTF-8"):
        load(tmp_path / "bad.toml")
    with pytest.raises(ProfilesInvalid):
        load(tmp_path)


PAGE = Path(__file__).parents[3] / "docs/reference/profiles.md"


def test_every_key_has_a_heading_in_the_documentation() -> None:
    assert sorted(re.findall(r"^### (\w+)$", PAGE.read_text("utf-8"), re.MULTILINE)) == sorted(
        Profile.model_fields
    )


def test_the_example_of_the_documentation_can_be_read() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert parse(example).choose(application="ADT", facility="MERCY").name == "mercy"


def test_the_documented_defaults_are_the_defaults() -> None:
    text = PAGE.read_text("utf-8")
    for name, field in Profile.model_fields.items():
        section = text.split(f"### {name}\n")[1].split("\n#")[0].replace("\n", " ")
        default = section.rsplit("Default: ", 1)[1]
        value = field.default
        expected = {"UTF-8": '`"UTF-8"`', 12.0: "`12`", False: "`false`"}.get(
            value if isinstance(value, str | float | bool) else "", f'`"{value}"`'
        )
        if isinstance(value, tuple) and value:
            expected = f"`{json.dumps(value)}`"
        if value in (None, (), "") or value == {}:
            assert not default.startswith("`"), name
        else:
            assert default.strip().startswith(expected), name
