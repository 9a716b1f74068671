"""Calibrating a raw chip, and finding its calibration again.

Bars: 1.0 s for each of them, which calibrates all neurons at once, and a cache hit at most 50 ms.
"""

import pytest

from hxtorch.core import open_session
from hxtorch.core.calibration import HagenCalibTarget, HagenSyninCalibTarget, SpikingCalibTarget, calibrate, for_target


@pytest.mark.parametrize(
    "target",
    [SpikingCalibTarget(threshold=130), HagenCalibTarget(leak=121), HagenSyninCalibTarget(synapse_dac_bias=801)],
    ids=["spiking", "hagen", "hagen_synin"],
)
def test_calibration(compare, target, tmp_path, monkeypatch):
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path))
    with open_session(serial="emulated-9", fidelity="full") as session:
        for_target(session.connection, target)
        compare(
            {
                "calibrating": lambda: calibrate(session.connection, target),
                "cache hit": lambda: for_target(session.connection, target),
            },
            rounds=5,
            warmup=1,
        )
