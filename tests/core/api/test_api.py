"""Names and parameters that scripts for the real chip use."""

import inspect
import pathlib
import pkgutil
import sys
from importlib import import_module

import pytest

tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
ENTRIES = tomllib.loads((pathlib.Path(__file__).parent / "api.toml").read_text())["api"]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["name"] for entry in ENTRIES])
def test_a_name_is_there_and_takes_its_parameters(entry):
    target = pkgutil.resolve_name(entry["name"])
    if "params" in entry:
        names = list(inspect.signature(target).parameters)
        assert names[: len(entry["params"])] == entry["params"]


def test_everything_exported_exists():
    core = import_module("hxtorch.core")
    assert sorted(core.__all__) == sorted(set(core.__all__))
    for name in core.__all__:
        assert hasattr(core, name)


def test_what_is_imported_late_is_what_its_module_has():
    core = import_module("hxtorch.core")
    for module, names in core._HOMES.items():
        assert getattr(core, module) is import_module(f"hxtorch.core.{module}")
        for name in names.split():
            assert getattr(core, name) is getattr(import_module(f"hxtorch.core.{module}"), name)
    eager = {name for name in core.__all__ if name.endswith("Error")}
    assert set(core._HOME_OF) | eager == set(core.__all__)
    assert set(core.__all__) <= set(dir(core))
    with pytest.raises(AttributeError, match=r"module 'hxtorch.core' has no attribute 'nothing'"):
        _ = core.nothing
