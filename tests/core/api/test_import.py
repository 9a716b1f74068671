"""Importing core is cheap, and the frontends are found under both names at every depth."""

import os
import subprocess
import sys

import pytest


def run(code: str, *path: os.PathLike) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False, env=environment
    )


def test_importing_hxtorch_imports_nothing_heavy():
    code = "import sys, hxtorch, hxtorch.core; print(*sys.modules)"
    loaded = set(run(code).stdout.split())
    assert "hxtorch.core" in loaded
    assert not loaded & {"torch", "scipy", "networkx", "bss2_emulator", "matplotlib", "tqdm", "safetensors"}
    assert not loaded & {
        "numpy",
        "hxtorch.core.seam",
        "hxtorch.core.sessions",
        "hxtorch.core.calibration",
    }


def test_the_version_is_that_of_the_distribution():
    import importlib.metadata

    assert run("import hxtorch; print(hxtorch.__version__)").stdout.strip() == importlib.metadata.version(
        "hxtorch-core"
    )


@pytest.mark.parametrize(
    "module", ["hxtorch", "hxtorch.core", "hxtorch.logger", "hxtorch.core.compat", "_hxtorch_core"]
)
def test_completion_shows_public_names_and_all_are_there(module):
    names = run(f"import {module} as m; print(*dir(m))").stdout.split()
    assert names
    assert not [name for name in names if name.startswith("_") and name != "__version__"]
    assert not set(names) & {"Any", "TYPE_CHECKING", "annotations", "import_module", "logging", "sys"}
    missing = run(f"import {module} as m; print(*[n for n in dir(m) if not hasattr(m, n)])").stdout.split()
    assert set(missing) <= {"ann", "perceptron", "snn", "spiking"}  # of frontends that are not installed


def test_low_level_names_are_those_of_core():
    code = """
import _hxtorch_core, hxtorch
from hxtorch import core
hardware = "init_hardware init_hardware_minimal release_hardware"
for name in f"{hardware} get_unique_identifier CalibrationPath HWDBPath".split():
    assert getattr(_hxtorch_core, name) is getattr(hxtorch, name), name
assert _hxtorch_core.weight_to_connection is core.weight_to_connection
assert _hxtorch_core.tensor_to_spike_times is core.tensor_to_spike_times
"""
    assert run(code).stderr == ""


def test_unknown_attributes_are_no_frontends():
    result = run("import hxtorch; assert not hasattr(hxtorch, 'nope'); hxtorch.nope")
    assert "AttributeError: module 'hxtorch' has no attribute 'nope'" in result.stderr


# Stand-ins for the frontends, ahead of installed ones: the finder only knows their names.
FILES = {
    "hxtorch/spiking/__init__.py": "class LIF:\n    def __init__(self, size): self.size = size\n",
    "hxtorch/spiking/transforms/__init__.py": "",
    "hxtorch/spiking/transforms/weight_transforms.py": "def linear_saturating(): pass\n",
    "hxtorch/perceptron/__init__.py": "",
    "hxtorch/perceptron/nn.py": "class Linear:\n    def __init__(self, size): self.size = size\n",
}
PREPARE = "import hxtorch, sys; hxtorch.__path__.insert(0, sys.path[1] + '/hxtorch')\n"
DEEP = "transforms.weight_transforms"
CASES = {
    "attribute after importing hxtorch": "import hxtorch; hxtorch.snn.LIF(1)",
    "import as": "import hxtorch.snn as s; import hxtorch.spiking as r; assert s is r",
    "deep from-import, alias first": f"""
from hxtorch.snn.{DEEP} import linear_saturating as a
from hxtorch.spiking.{DEEP} import linear_saturating as b
assert a is b
assert sys.modules['hxtorch.snn.transforms'] is sys.modules['hxtorch.spiking.transforms']""",
    "deep import, real name first": f"""
from hxtorch.spiking.transforms import weight_transforms as b
import hxtorch.snn.{DEEP} as a
assert a is b""",
    "the module keeps its name": f"""
import hxtorch.snn.{DEEP} as a
assert a.__spec__.name == a.__name__ == 'hxtorch.spiking.{DEEP}'""",
    "pickles under the alias resolve": r"""
import pickle
import hxtorch.snn as s
assert pickle.loads(b'\x80\x04chxtorch.snn\nLIF\n.') is s.LIF
assert b'hxtorch.spiking' in pickle.dumps(s.LIF)""",
    "both frontends": """
import hxtorch
hxtorch.ann.nn.Linear(2) if hasattr(hxtorch.ann, 'nn') else None
import hxtorch.ann.nn as a, hxtorch.perceptron.nn as b
assert a is b""",
    "reload of an alias": "import importlib, hxtorch.snn as s; importlib.reload(s)",
    "from hxtorch import both names": "from hxtorch import spiking, snn; assert spiking is snn",
    "threads": f"""
import importlib, threading
names = ['hxtorch.snn.{DEEP}', 'hxtorch.spiking.{DEEP}'] * 20
threads = [threading.Thread(target=importlib.import_module, args=(name,)) for name in names]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert importlib.import_module(names[0]) is importlib.import_module(names[1])""",
}


@pytest.mark.parametrize("case", CASES)
def test_an_alias_is_the_module_itself(tmp_path, case):
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    result = run(PREPARE + CASES[case], tmp_path)
    assert result.returncode == 0, result.stderr


HIDDEN = """
import sys
from importlib.machinery import PathFinder

class Hide(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in ("hxtorch.spiking", "hxtorch.perceptron"):
            return None
        return super().find_spec(name, path, target)

sys.meta_path[:] = [Hide if finder is PathFinder else finder for finder in sys.meta_path]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
"""


@pytest.mark.parametrize(("name", "what"), [("spiking", "spiking"), ("snn", "spiking"), ("ann", "perceptron")])
@pytest.mark.parametrize("statement", ["import hxtorch; hxtorch.{0}", "import hxtorch.{0}", "from hxtorch import {0}"])
def test_a_missing_frontend_says_what_to_install(statement, name, what):
    result = run(HIDDEN + statement.format(name))
    assert result.returncode == 1
    assert f"pip install packages/hxtorch-{what}" in result.stderr.splitlines()[-1]


def test_a_missing_frontend_is_no_attribute():
    assert run(HIDDEN + "import hxtorch; assert not hasattr(hxtorch, 'spiking')").returncode == 0


def test_a_frontend_that_fails_to_import_is_not_called_missing(tmp_path):
    package = tmp_path / "hxtorch" / "spiking"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import not_there\n")
    result = run(PREPARE + "hxtorch.spiking", tmp_path)
    assert "ModuleNotFoundError: No module named 'not_there'" in result.stderr
