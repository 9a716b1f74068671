"""The network of test_emulator.py in brian2, in a process of its own: python brian2_peer.py MODEL TARGET STEP FOLDER.

Prints the CPU seconds that 10 ms of chip time take, without building. The cython target runs a tenth of it.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import brian2
import numpy as np

MODEL, TARGET, STEP, FOLDER = sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4])
NEURONS, SOURCES = 512, 256
# Synapses a little faster than the membrane: the exact solution divides by the difference.
LIF = """
dv/dt = (-v + exc - inh) / (10 * usecond) : 1 (unless refractory)
dexc/dt = -exc / (9.9 * usecond) : 1
dinh/dt = -inh / (9.9 * usecond) : 1
"""
ADEX = """
dv/dt = (-v + 0.1 * clip(exp((v - 1) / 0.1), 0, 200) - z + exc - inh) / (10 * usecond) : 1 (unless refractory)
dz/dt = (0.2 * v - z) / (100 * usecond) : 1
dexc/dt = -exc / (10 * usecond) : 1
dinh/dt = -inh / (10 * usecond) : 1
"""

if TARGET == "standalone":
    brian2.set_device("cpp_standalone", directory=str(FOLDER / "standalone"), build_on_run=True)
else:
    brian2.prefs.codegen.target = "cython"
    brian2.prefs.codegen.runtime.cython.cache_dir = str(FOLDER / "cython")
brian2.defaultclock.dt = STEP * brian2.second
rng = np.random.default_rng(0)
if MODEL == "lif":
    group = brian2.NeuronGroup(
        NEURONS, LIF, threshold="v > 1", reset="v = 0", refractory=2 * brian2.usecond, method="exact"
    )
else:
    group = brian2.NeuronGroup(
        NEURONS, ADEX, threshold="v > 2", reset="v = 0; z += 0.1", refractory=2 * brian2.usecond,
        method="exponential_euler",
    )  # fmt: skip
sources = brian2.PoissonGroup(SOURCES, 20 * brian2.khertz)
weights = rng.integers(0, 64, (SOURCES, NEURONS)) * 1e-3
objects = [group, sources, brian2.SpikeMonitor(group)]
objects.append(brian2.StateMonitor(group, "v", record=True, dt=2 * brian2.usecond))
for parity, line in enumerate(("exc", "inh")):
    origin, target = np.nonzero(np.broadcast_to((np.arange(SOURCES) % 2 == parity)[:, None], weights.shape))
    synapses = brian2.Synapses(sources, group, "strength : 1", on_pre=f"{line}_post += strength")
    synapses.connect(i=origin, j=target)
    synapses.strength = weights[origin, target]
    objects.append(synapses)
network = brian2.Network(objects)
if TARGET == "standalone":
    network.run(10 * brian2.msecond)
    begin = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(["./main"], cwd=FOLDER / "standalone", check=True, capture_output=True)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begin)
else:
    network.run(0.02 * brian2.msecond)
    begin = time.process_time()
    network.run(1 * brian2.msecond)
    print((time.process_time() - begin) * 10)
