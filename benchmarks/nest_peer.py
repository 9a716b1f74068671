"""The LIF network of test_emulator.py in NEST, in a process of its own: python nest_peer.py STEP.

Prints the CPU seconds that 10 ms of chip time take on one thread, without building; it runs a tenth of it. Sources play
trains made before, as the emulator's do: a Poisson generator would send each target a train of its own.
"""

import sys
import time

import nest
import numpy as np

STEP = float(sys.argv[1]) * 1e3  # ms
NEURONS, SOURCES, LENGTH = 512, 256, 1.1  # ms, of which the last is timed

nest.verbosity = nest.VerbosityLevel.ERROR
nest.set(tics_per_ms=1_000_000, resolution=STEP)  # a whole number of tics, here of a nanosecond
nest.local_num_threads = 1
rng = np.random.default_rng(0)
group = nest.Create("iaf_psc_exp", NEURONS, {
    "tau_m": 0.01, "tau_syn_ex": 0.01, "tau_syn_in": 0.01, "t_ref": 2e-3 // STEP * STEP, "C_m": 0.01,
    "E_L": 0.0, "V_m": 0.0, "V_reset": 0.0, "V_th": 1.0,
})  # fmt: skip
delay = 16 * STEP  # it exchanges spikes once in that time, which is where it is fast
counts = rng.poisson(20 * LENGTH, SOURCES)
trains = [np.unique(rng.integers(1, round(LENGTH / STEP), n)) * STEP for n in counts]
sources = nest.Create("spike_generator", SOURCES, [{"spike_times": t, "allow_offgrid_times": True} for t in trains])
signs = np.where(np.arange(SOURCES) % 2 == 0, 1, -1)
weights = (rng.integers(0, 64, (SOURCES, NEURONS)) * 1e-3 * signs[:, None]).T
nest.Connect(sources, group, "all_to_all", {"weight": weights, "delay": delay})
spikes = nest.Create("spike_recorder")
nest.Connect(group, spikes, "all_to_all", {"delay": delay})
interval = round(2e-3 / STEP) * STEP
voltages = nest.Create("multimeter", {"record_from": ["V_m"], "interval": interval})
nest.Connect(voltages, group, "all_to_all", {"delay": delay})

nest.Prepare()
nest.Run(round(0.1 / delay) * delay)
begin = time.process_time()
nest.Run(round(1 / delay) * delay)
print((time.process_time() - begin) * 10)
