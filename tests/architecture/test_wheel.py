"""The wheel holds every file of the packages, and says under which licence."""

import subprocess
import sys
import tomllib
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"][
    "targets"
]["wheel"]["packages"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, ROOT], check=True
    )
    (built,) = folder.iterdir()
    return ZipFile(built)


@pytest.fixture(scope="module")
def metadata(wheel: ZipFile) -> Message:
    (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_every_file_of_the_packages_is_in_the_wheel(wheel: ZipFile) -> None:
    files = {
        str(each.relative_to(ROOT))
        for package in PACKAGES
        for each in (ROOT / package).rglob("*")
        if each.is_file() and "__pycache__" not in each.parts
    }
    in_wheel = {each for each in wheel.namelist() if ".dist-info/" not in each}
    assert {Path(each).suffix for each in files} >= {".py", ".sql", ".html", ".css", ".lock"}
    assert in_wheel == files


def test_the_metadata_name_the_licence_and_no_address(wheel: ZipFile, metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    (notice,) = (each for each in wheel.namelist() if each.endswith("licenses/LICENSE"))
    assert b"SPDX-License-Identifier: Apache-2.0" in wheel.read(notice)
    assert not [f"{name}: {value}" for name, value in metadata.items() if "://" in value]


def test_the_dependencies_that_run_servers_are_an_extra(metadata: Message) -> None:
    required = metadata.get_all("Requires-Dist") or []
    local = [each for each in required if "extra == 'local'" in each]
    assert len(local) == 3
    assert len(required) > len(local)
