"""The helpers that the documents' notebooks import from a folder beside them are there without it."""

import subprocess
import sys

from hxtorch.core import compat

TUTORIAL = """
import torch
import hxtorch, hxtorch.compat, hxtorch.snn as hxsnn
from _static.common.helpers import setup_hardware_client, save_nightly_calibration

setup_hardware_client()
for name in ("spiking_calix-native.pkl", "spiking2_cocolist.pbin"):
    save_nightly_calibration(name)
experiment = hxsnn.Experiment()
experiment.default_execution_instance.load_calib("spiking_calix-native.pkl")
"""


def test_helpers_of_notebooks_are_there_without_their_folder(tmp_path):
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", TUTORIAL], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (result.stdout, result.stderr) == ("", "")
    assert sorted(path.name for path in tmp_path.glob("spiking*")) == [
        "spiking2_cocolist.pbin",
        "spiking_calix-native.pkl",
    ]


def test_a_folder_beside_a_notebook_comes_first(tmp_path, monkeypatch):
    (tmp_path / "_static" / "common").mkdir(parents=True)
    (tmp_path / "_static" / "common" / "helpers.py").write_text("own = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        with compat.installed():
            from _static.common.helpers import own
            from _static.tutorial import hxsnn_intro_plots

            assert own == 3
            assert callable(hxsnn_intro_plots.plot_mock)
    finally:
        for name in ("_static", "_static.common", "_static.common.helpers"):
            del sys.modules[name]
