"""Each verb of the command ``hxtorch`` does what its page says, and ends with the status that a shell tests."""

import os
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import numpy as np
import pytest

from hxtorch.core.calibration import SpikingCalibTarget, load, save
from hxtorch.core.calibration.calibrate import nominal_calibration
from hxtorch.core.command.calibrate import parse_target
from hxtorch.core.command.main import VERBS, main
from hxtorch.core.errors import CalibrationTargetError
from hxtorch.core.sessions.session import open_session

NETWORK = """
import numpy as np
from hxtorch import core
builder = core.NetworkBuilder()
inputs = builder.add(core.ExternalPopulation({size}, name="inputs"))
hidden = builder.add(core.Population(np.arange(8), name="hidden"))
builder.add(core.Projection(inputs, hidden, np.full(({size}, 8), 20), name="first"))
network = builder.done()
print("before the run")
core.build_network_graph(network, core.build_routing(network))
print("after the run")
"""


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / "script.py"
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two calibrations of one chip for different targets."""
    folder = tmp_path_factory.mktemp("calibrations")
    with open_session(fidelity="ideal") as session:
        for name, threshold in (("first", 125), ("second", 140)):
            found = nominal_calibration(session.connection, SpikingCalibTarget(threshold=threshold))
            save(found, folder / f"{name}.safetensors")
    return folder / "first.safetensors", folder / "second.safetensors"


def test_the_distribution_installs_the_command():
    (command,) = (found for found in entry_points(group="console_scripts") if found.name == "hxtorch")
    assert command.load() is main


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([verb, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: hxtorch {verb}")


def test_info_names_versions_and_chip(capsys, monkeypatch):
    monkeypatch.setenv("HXTORCH_CHIP", "some-serial")
    assert main(["info"]) == 0
    said = capsys.readouterr().out
    assert version("hxtorch-core") in said
    assert "'some-serial'" in said


def test_calibrate_writes_a_calibration_of_the_target(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path / "cache"))
    output = tmp_path / "new" / "mine.safetensors"
    command = ["calibrate", "--target", "tau_mem=20e-6", "--target", "tau_syn=5e-6,7e-6", "--fidelity", "ideal"]
    assert main([*command, "--output", str(output)]) == 0
    assert load(output).target == SpikingCalibTarget(tau_mem=20e-6, tau_syn=np.array([5e-6, 7e-6]))
    assert str(output) in capsys.readouterr().out


@pytest.mark.parametrize("text", ["tau_mem", "tau_meme=1e-6", "tau_mem=fast", "tau_mem=1,2,3"])
def test_calibrate_refuses_what_is_no_target(text):
    with pytest.raises(CalibrationTargetError, match="wanted"):
        parse_target("spiking", [text])


def test_calib_shows_a_file_and_lists_those_that_ship(files, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path))
    assert main(["calib", "show", str(files[0])]) == 0
    assert "spiking calibration of emulated-1" in capsys.readouterr().out
    assert main(["calib", "show"]) == 0
    assert "hagen_synin.safetensors" in capsys.readouterr().out


def test_calib_diff_names_target_and_registers(files, capsys):
    assert main(["calib", "diff", *map(str, files)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "target threshold: 125 | 140"
    assert any(line.startswith("register v_threshold") for line in said)
    assert main(["calib", "diff", str(files[0]), str(files[0])]) == 0


def test_calib_plot_draws_every_measured_quantity(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    from hxtorch.core.calibration.stored.paths import shipped_path

    image = tmp_path / "chip.png"
    assert main(["calib", "plot", str(shipped_path("emulated-1", "spiking")), "--output", str(image)]) == 0
    assert image.read_bytes().startswith(b"\x89PNG")


def test_calib_of_a_file_that_is_not_there_is_one_line(capsys):
    assert main(["calib", "show", "no-such-file"]) == 1
    assert capsys.readouterr().err.startswith("hxtorch calib: ")


@pytest.mark.parametrize(("size", "status"), [(100, 0), (140, 1)])
def test_fit_reports_in_the_place_of_the_first_run(script, size, status, capfd):
    assert main(["fit", str(script(NETWORK.format(size=size)))]) == status
    said = capfd.readouterr().out
    assert "before the run" in said
    assert "after the run" not in said
    assert ("128 instead of 140" in said) == bool(status)


def test_fit_says_when_nothing_ran(script, capfd):
    assert main(["fit", str(script("print(1)"))]) == 0
    assert "ended without a run of a chip" in capfd.readouterr().out


def test_fit_says_what_to_install(script, capfd):
    assert main(["fit", str(script("import hxtorch.no_such_frontend"))]) == 1
    assert "no_such_frontend" in capfd.readouterr().err


def test_run_gives_a_script_its_arguments_and_the_modules_of_the_chip(script, tmp_path):
    path = script("import sys, pygrenade_vx\nprint(sys.argv[1:], __name__)")
    command = [sys.executable, "-m", "hxtorch.core.command", "run", str(path), "--size", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=os.environ)  # noqa: S603
    assert done.stdout == "['--size', '3'] __main__\n"


def test_doctor_says_line_by_line_and_runs_nothing(script, capsys):
    path = script(
        "import hxtorch\n"
        "from pygrenade_vx.network import PopulationOnNetwork, NoSuchName\n"
        "import no_such_library\n"
        "import numpy as np\n"
        "hxtorch.init_hardwear()\n"
        "hxtorch.init_hardware()\n"
        "rule = dict(plasticity_rule=np)\n"
        "none = dict(plasticity_rule=None)\n"
        "calibration = 'spiking_calix-native.pkl'\n"
        "raise SystemError\n"
    )
    assert main(["doctor", str(path)]) == 1
    found = [line.removeprefix(f"{path}:").split(": ", 2) for line in capsys.readouterr().out.splitlines()[:-1]]
    said = [(int(line), kind) for line, kind, _ in found]
    assert said == [
        (1, "runs"), (2, "missing"), (2, "runs"), (3, "missing"), (4, "runs"), (5, "missing"),
        (7, "differs"), (9, "differs"),
    ]  # fmt: skip
    assert "nearest is 'init_hardware'" in found[5][2]


def test_doctor_is_content_with_a_script_that_runs(script, capsys):
    assert main(["doctor", str(script(NETWORK.format(size=8)))]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 runs, 0 differs, 0 missing; imports, names and arg")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("hxtorch.init_hardware(sprial=3)", "hxtorch.init_hardware takes no argument 'sprial'"),
        ("hxcore.open_session(1, 2, 3, 4, 5, 6, 7, 8, 9)", "hxtorch.core.open_session too many positional arguments"),
        ("hxcore.PlacementError()", None),
        ("Neuron()", "pygrenade_vx.network.Population missing a required argument"),
        ("Neuron(*what)", None),
        ("Neuron(**what)", None),
        ("Neuron(*what, of=3)", "pygrenade_vx.network.Population takes no argument 'of'"),
    ],
)
def test_doctor_looks_at_names_and_numbers_of_arguments(script, capsys, call, said):
    imports = "import hxtorch\nimport hxtorch.core as hxcore\nfrom pygrenade_vx.network import Population as Neuron\n"
    assert main(["doctor", str(script(f"{imports}{call}"))]) == (said is not None)
    missing = [line for line in capsys.readouterr().out.splitlines() if "missing: " in line]
    assert [f"script.py:4: missing: {said}" in line for line in missing] == [True] * (said is not None)


def test_doctor_leaves_names_alone_that_a_script_takes_for_something_else(script):
    text = "from hxtorch.core import open_session\ndef open_session(of):\n    return of\nopen_session(of=3)\n"
    assert main(["doctor", str(script(text))]) == 0


def test_doctor_leaves_names_alone_that_functions_import_from_different_places(script):
    parts = ("def first():\n    from {} import open_session as make\n    return make({}=3)\n",) * 2
    text = parts[0].format("hxtorch.core", "backend") + parts[1].format("numpy", "of")
    assert main(["doctor", str(script(text))]) == 0


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("try:\n    import no_such_library\nexcept ImportError:\n    pass", 0),
        ("try:\n    from hxtorch import no_such_name\nexcept (ImportError, OSError):\n    pass", 0),
        ("try:\n    from hxtorch import no_such_name\nexcept ModuleNotFoundError:\n    pass", 1),
        ("try:\n    import no_such_library\nexcept ValueError:\n    pass", 1),
        ("try:\n    pass\nexcept ImportError:\n    import no_such_library", 1),
        ("import contextlib\nwith contextlib.suppress(ImportError):\n    import no_such_library", 0),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import no_such_library", 0),
        ("import hxtorch\nif hasattr(hxtorch, 'no_such_name'):\n    hxtorch.no_such_name()", 0),
        ("import hxtorch\ntry:\n    hxtorch.no_such_name()\nexcept AttributeError:\n    pass", 0),
        ("import hxtorch\nhasattr(hxtorch, 'no_such_name') and hxtorch.no_such_name()", 0),
        ("import hxtorch\n[hxtorch.no_such_name for i in [1] if hasattr(hxtorch, 'no_such_name')]", 0),
        ("import hxtorch\ntry:\n    def f():\n        hxtorch.no_such_name()\nexcept AttributeError:\n    pass", 1),
        ("try:\n    import hxtorch\nexcept ImportError:\n    hxtorch = None\nhxtorch.no_such_name()", 1),
        ("import sys\nsys.path.insert(0, 'beside')\nimport no_such_library", 0),
        ("get_ipython().run_line_magic('matplotlib', 'inline')", 1),  # a notebook as nbconvert exports it
    ],
)
def test_doctor_calls_missing_what_stops_the_script(script, capsys, text, status):
    assert main(["doctor", str(script(text))]) == status
    assert ": differs: " in (said := capsys.readouterr().out) or ": missing: " in said


def test_doctor_sends_nobody_to_an_index_for_the_library_of_calibrations(script, capsys):
    assert main(["doctor", str(script("import calix.spiking"))]) == 1
    assert "pip install" not in (said := capsys.readouterr().out)
    assert "hxtorch.core.calibration" in said


@pytest.mark.parametrize("verb", ["fit", "doctor", "run"])
def test_a_script_that_is_not_there_is_one_line(verb, capsys):
    assert main([verb, "no_such_script.py"]) == 1
    assert capsys.readouterr().err == f"hxtorch {verb}: {Path('no_such_script.py')}: no such file\n"


@pytest.mark.parametrize("verb", ["fit", "doctor", "run"])
def test_a_notebook_is_refused_with_what_makes_a_script_of_it(verb, tmp_path, capsys):
    (tmp_path / "notes.ipynb").write_text('{"cells": []}')
    assert main([verb, str(tmp_path / "notes.ipynb")]) == 1
    assert "jupyter nbconvert --to script" in capsys.readouterr().err


def test_a_script_that_is_no_python_is_one_line(script, capsys):
    assert main(["doctor", str(script("print 1"))]) == 1
    assert "script.py:1: no Python of this version" in capsys.readouterr().err
