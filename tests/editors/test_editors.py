"""Type checkers and editors, which read files and run nothing, know the frontends under both names."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import jedi
import pytest

import hxtorch.perceptron
import hxtorch.spiking

REPOSITORY = Path(__file__).parents[2]
USER = """\
import hxtorch
import hxtorch.ann as hxann
import hxtorch.snn as hxsnn
from hxtorch.snn.transforms.weight_transforms import linear_saturating

experiment = hxsnn.Experiment(dt=1e-6)
a: int = hxsnn.LIF(4, experiment).size
b: str = hxsnn.LIF(4, experiment).size
c: str = hxtorch.snn.Synapse(4, 4, experiment).in_features
d: str = hxann.nn.Linear(4, 4).in_features
e: str = linear_saturating
hxsnn.functional.no_such_name
"""
WRONG = {8, 9, 10, 11, 12}  # lines with an error, which a checker that knows nothing does not see


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A user's script, and beside it the files of the packages as wheels merge them."""
    folder = tmp_path_factory.mktemp("user")
    for source in sorted(REPOSITORY.glob("packages/*/src")):
        for path in [*source.rglob("*.py"), *source.rglob("*.pyi"), *source.rglob("py.typed")]:
            place = folder / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    (folder / "user.py").write_text(USER)
    return folder


def wrong_lines(folder, *command):
    """Return the lines of the user's script that a checker calls wrong."""
    checked = subprocess.run(  # noqa: S603
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False, timeout=600, cwd=folder
    )
    found = re.findall(r"user\.py:(\d+):.*error", checked.stdout)
    assert found, checked.stdout + checked.stderr
    return {int(line) for line in found}


def test_mypy_knows_the_aliases(folder):
    assert wrong_lines(folder, "mypy", "--follow-imports=silent", "user.py") == WRONG


def test_pyright_knows_the_aliases(folder):
    assert wrong_lines(folder, "pyright", "--pythonpath", sys.executable, "user.py") == WRONG


@pytest.mark.parametrize(
    ("typed", "module"),
    [
        ("import hxtorch.snn as hxsnn\nhxsnn.", hxtorch.spiking),
        ("import hxtorch\nhxtorch.snn.", hxtorch.spiking),
        ("import hxtorch.spiking as hxsnn\nhxsnn.functional.", hxtorch.spiking.functional),
        ("import hxtorch.ann as hxann\nhxann.", hxtorch.perceptron),
        ("import hxtorch.ann as hxann\nhxann.nn.", hxtorch.perceptron.nn),
    ],
)
def test_an_editor_completes_every_public_name(folder, typed, module):
    project = jedi.Project(folder, added_sys_path=[str(folder)])
    offered = {completion.name for completion in jedi.Script(typed, project=project).complete()}
    assert set(module.__all__) <= offered


def test_the_files_of_the_aliases_are_those_that_the_frontends_have():
    wanted = runpy.run_path(str(REPOSITORY / "tools" / "aliases.py"))["faces"]()
    there = {path: path.read_text() for path in REPOSITORY.glob("packages/*/src/hxtorch/[as]nn/**/*.py")}
    assert there == wanted, "run python tools/aliases.py"


@pytest.mark.parametrize(
    "module", [hxtorch.spiking, hxtorch.perceptron, hxtorch.spiking.functional, hxtorch.perceptron.nn]
)
def test_dir_shows_public_names_only(module):
    shown = dir(module)
    assert set(module.__all__) <= set(shown)
    assert not [name for name in shown if name.startswith("_")]
    assert not {"import_module", "TYPE_CHECKING", "threads", "lowering"} & set(shown)
