"""The networks of test_emulator_peers.py in brian2: ``python brian2_peer.py FOLDER`` builds ``FOLDER/network.npz``.

It leaves a program ``FOLDER/standalone/main``, which runs the network and stores its spikes. The program takes values
that hold for all neurons, as ``neurons.threshold=0.6``: one build serves all levels of activity.
"""

import sys
from pathlib import Path

import brian2
import numpy as np

LIF = """
dv/dt = (leak * (rest - v) + exc - inh) / capacitance : 1 (unless refractory)
dexc/dt = -exc / tau_syn : 1
dinh/dt = -inh / tau_syn : 1
threshold : 1 (shared)
"""
ADEX = """
dv/dt = (leak * (rest - v) + clip(exp_current * exp((v - exp_start) / delta), 0, exp_limit)
         - coupling * (u - reference) + exc - inh) / capacitance : 1 (unless refractory)
du/dt = (reference + gain * (v - adapt_leak) - u) / tau_adapt : 1
dexc/dt = -exc / tau_syn : 1
dinh/dt = -inh / tau_syn : 1
threshold : 1 (shared)
exp_start : 1 (shared)
"""
SECONDS = ("capacitance", "tau_syn", "tau_adapt")  # all else counts in volts, amperes and siemens


def build(data) -> brian2.Network:
    """Return the network; a StateMonitor records as often as the column ADC."""
    constants = {name: float(data[name]) for name in data["constants"]}
    adex = "delta" in constants
    for name in SECONDS:
        if name in constants:
            constants[name] *= brian2.second
    step = float(data["step"]) * brian2.second
    brian2.defaultclock.dt = step
    group = brian2.NeuronGroup(
        data["weights"].shape[1], ADEX if adex else LIF, threshold="v > threshold", name="neurons",
        reset="v = reset; u += pulse" if adex else "v = reset", refractory=float(data["refractory"]) * brian2.second,
        method="euler" if adex else "exact", namespace=constants,
    )  # fmt: skip
    group.v = constants["rest"]
    if adex:
        group.u = float(data["start"])
    sources = brian2.SpikeGeneratorGroup(len(data["weights"]), data["sources"], data["steps"] * step, sorted=True)
    sampling = float(data["sampling"]) * brian2.second
    objects = [group, sources, brian2.SpikeMonitor(group), brian2.StateMonitor(group, "v", record=True, dt=sampling)]
    for line, weights in (("exc", data["weights"]), ("inh", -data["weights"])):
        origin, target = np.nonzero(weights > 0)
        synapses = brian2.Synapses(sources, group, "strength : 1", on_pre=f"{line}_post += strength")
        synapses.connect(i=origin, j=target)
        synapses.strength = weights[origin, target]
        objects.append(synapses)
    return brian2.Network(objects)


def main(folder: Path) -> None:
    data = np.load(folder / "network.npz")
    brian2.set_device("cpp_standalone", directory=str(folder / "standalone"), build_on_run=False)
    build(data).run(float(data["runtime"]) * brian2.second)
    brian2.device.build(run=False, directory=str(folder / "standalone"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
