"""Pages of the documentation say what the packages have."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| `((?:hxtorch|bss2_emulator)\.[\w.]+)` \| `([\w.]+)`", (ROOT / "docs/spellings.md").read_text(), re.M
)


def faces():
    """Names of the files that only lead on; those under the aliases of the frontends are one row of another table."""
    for path in (ROOT / "packages").glob("*/src/**/*.py"):
        name = ".".join(path.relative_to(ROOT / "packages").with_suffix("").parts[2:])
        if path.read_text().startswith('"""Path of user scripts') and not name.startswith(
            ("hxtorch.snn.", "hxtorch.ann.")
        ):
            yield name


def test_the_table_of_paths_is_that_of_the_files():
    assert sorted(name for name, _ in ROWS) == sorted(faces())


@pytest.mark.parametrize(("path", "target"), ROWS)
def test_a_path_leads_to_objects_of_its_target(path, target):
    real = vars(import_module(target))
    led = {name: value for name, value in vars(import_module(path)).items() if not name.startswith("_")}
    made_there = [value for value in led.values() if str(getattr(value, "__module__", "")).startswith(target)]
    assert made_there or [name for name in led if led[name] is real.get(name)]
