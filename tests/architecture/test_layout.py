"""Every file has one obvious place: packages that are described, and tests that mirror them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("caretrail", "commands", "consumers", "domain", "infra", "projections")
#: A file of such a name becomes the place of what has no place.
NAMELESS_MODULES = {"base", "common", "helpers", "misc", "models", "util", "utils"}
NAMELESS_FOLDERS = {*NAMELESS_MODULES, "services"}
#: Folders of tests that mirror no package: what they test goes through all of them.
ACROSS = {
    "acceptance", "architecture", "deploy", "documentation", "mutation", "stories", "upgrades",
}  # fmt: skip


def packages() -> list[Path]:
    """Return the folders of all packages."""
    return [
        each.parent
        for package in PACKAGES
        for each in sorted((ROOT / package).rglob("__init__.py"))
    ]


def named_in_table(page: str) -> set[str]:
    """Return the folders that a table of a page has a row for."""
    text = (ROOT / page).read_text("utf-8")
    return set(re.findall(r"^\| `([\w/]+)/` \|", text, re.MULTILINE))


def test_the_readme_says_what_each_folder_holds() -> None:
    folders = {
        each.name
        for each in ROOT.iterdir()
        if each.is_dir()
        and not each.name.startswith((".", "__"))
        and each.name not in {"build", "dist"}
    }
    assert named_in_table("README.md") == folders


def test_no_name_says_nothing() -> None:
    folders = {each for each in packages() if each.name in NAMELESS_FOLDERS}
    modules = {
        module
        for package in PACKAGES
        for module in (ROOT / package).rglob("*.py")
        if module.stem in NAMELESS_MODULES
    }
    assert folders | modules == set()


def test_every_module_is_in_a_package() -> None:
    folders = {module.parent for each in PACKAGES for module in (ROOT / each).rglob("*.py")}
    assert folders == set(packages())


def test_folders_of_tests_mirror_packages() -> None:
    names = {str(each.relative_to(ROOT)) for each in packages()}
    mirrored = names | {name.removeprefix("caretrail/") for name in names}
    found = {
        str(each.parent.relative_to(ROOT / "tests"))
        for each in (ROOT / "tests").rglob("test_*.py")
        if each.parent != ROOT / "tests"
    }
    assert found - ACROSS <= mirrored


def test_the_architecture_page_describes_every_package() -> None:
    page = "docs/explanation/architecture.md"
    assert named_in_table(page) == {str(each.relative_to(ROOT)) for each in packages()}
