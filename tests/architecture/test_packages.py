"""The four packages are built and described alike."""

import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGES = Path(__file__).parents[2] / "packages"
SAME = "# From here on the same in all three packages.\n"
PROJECTS = {path.parent.name: tomllib.loads(path.read_text())["project"] for path in PACKAGES.glob("*/pyproject.toml")}


def test_kernels_are_compiled_alike():
    ends = [path.read_text().partition(SAME)[2] for path in PACKAGES.glob("*/setup.py")]
    assert len(ends) == 3
    assert ends[0]
    assert set(ends) == {ends[0]}


def test_kernels_count_from_the_front():
    """They are compiled without wraparound: what ``array[-1]`` gives is then left to NumPy, and 2.5 raises."""
    sources = list(PACKAGES.glob("*/src/**/*.pyx"))
    assert len(sources) > 20
    assert not [path.name for path in sources if re.search(r"[\w)\]]\[-\s*\w+\]", path.read_text())]


@pytest.mark.parametrize("name", PROJECTS)
def test_packages_of_one_minor_version_belong_together(name):
    project = PROJECTS[name]
    minor = ".".join(project["version"].split(".")[:2])
    ours = [wanted for wanted in project["dependencies"] if wanted.split("=")[0] in PROJECTS]
    assert ours == [f"{wanted.split('=')[0]}=={minor}.*" for wanted in ours]
    assert bool(ours) == (name != "bss2-emulator")
    assert project["version"] == PROJECTS["bss2-emulator"]["version"]


@pytest.mark.parametrize("name", PROJECTS)
def test_an_index_can_describe_a_package(name):
    project = PROJECTS[name]
    assert {"description", "readme", "license", "license-files", "authors", "keywords"} <= set(project)
    assert "Typing :: Typed" in project["classifiers"]
    assert list((PACKAGES / name / "src").rglob("py.typed"))
