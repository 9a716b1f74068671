"""Two processes train one model on two chips."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

JOB = Path(__file__).with_name("data_parallel_job.py")


def test_gradients_are_averaged_and_calibrations_kept_apart(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(JOB)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HXTORCH_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([*command, str(tmp_path)], check=True, env=environment, timeout=180)  # noqa: S603
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first["serials"] == ["emulated-1"]
    assert second["serials"] == ["emulated-2"]
    assert first["thresholds"] == [120.0]  # one calibration each, to its own target
    assert second["thresholds"] == [125.0]
    assert first["local"] != second["local"]
    for local, other, averaged in zip(first["local"], second["local"], first["averaged"], strict=True):
        np.testing.assert_allclose(averaged, (np.array(local) + other) / 2, rtol=1e-5, atol=1e-9)
    assert first["averaged"] == second["averaged"]
    assert first["weights"] == second["weights"]
    assert not [name for name in first["state"] if "hardware" in name]
