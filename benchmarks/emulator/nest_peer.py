"""The LIF networks of test_emulator_peers.py in NEST, in a process of its own: ``python nest_peer.py FOLDER VOLTS``.

Runs the network of ``FOLDER/network.npz`` with a threshold of so many volts on one thread; prints the CPU seconds that
it takes, without building, and its spikes.
"""

import sys
import time
from pathlib import Path

import nest
import numpy as np

DATA, THRESHOLD = np.load(Path(sys.argv[1]) / "network.npz"), float(sys.argv[2])
STEP = float(DATA["step"]) * 1e3  # ms; NEST counts in ms, mV, pA and pF
DELAY = 16  # steps: it exchanges spikes once in that time, which is where it is fast


def milliseconds(name: str) -> float:
    """Return a time as a whole number of steps."""
    return round(float(DATA[name]) * 1e3 / STEP) * STEP


nest.verbosity = nest.VerbosityLevel.ERROR
nest.set(tics_per_ms=1_000_000, resolution=STEP)  # a whole number of tics, here of a nanosecond
nest.local_num_threads = 1
group = nest.Create("iaf_psc_exp", DATA["weights"].shape[1], {
    "tau_m": float(DATA["capacitance"] / DATA["leak"]) * 1e3, "C_m": float(DATA["capacitance"]) * 1e12,
    "tau_syn_ex": float(DATA["tau_syn"]) * 1e3, "tau_syn_in": float(DATA["tau_syn"]) * 1e3,
    "t_ref": milliseconds("refractory") - STEP,  # it counts from the end of the step of a spike
    "E_L": float(DATA["rest"]) * 1e3, "V_m": float(DATA["rest"]) * 1e3, "V_reset": float(DATA["reset"]) * 1e3,
    "V_th": THRESHOLD * 1e3,
})  # fmt: skip
trains = [(DATA["steps"][DATA["sources"] == source] + 1) * STEP for source in range(len(DATA["weights"]))]
sources = nest.Create("spike_generator", len(trains), [{"spike_times": t, "allow_offgrid_times": True} for t in trains])
nest.Connect(sources, group, "all_to_all", {"weight": DATA["weights"].T * 1e12, "delay": DELAY * STEP})
spikes = nest.Create("spike_recorder")
nest.Connect(group, spikes, "all_to_all", {"delay": DELAY * STEP})
voltages = nest.Create("multimeter", {"record_from": ["V_m"], "interval": milliseconds("sampling")})
nest.Connect(voltages, group, "all_to_all", {"delay": DELAY * STEP})

nest.Prepare()
begin = time.process_time()
nest.Run(round(float(DATA["runtime"]) * 1e3 / STEP / DELAY + 1) * DELAY * STEP)
print(time.process_time() - begin, spikes.n_events)
