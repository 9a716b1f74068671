"""Count the Python calls of one ``hxsnn.run`` on a 1 -> 1 network, in the loop and in mock mode, by hand.

``python benchmarks/instructions/calls.py`` prints how many ``call`` and ``c_call`` events ``sys.setprofile`` sees in a
run that has its routes from earlier ones and its calibration from the cache, and the functions that are called most.
"""

import gc
import os
import sys
import tempfile
from collections import Counter
from types import FrameType
from typing import Any

import torch

import hxtorch
from hxtorch import snn

WARMUP = 3


def calls_of_run(mock: bool) -> Counter[str]:
    """Return how often each function is called in a run of 1 -> 1, one entry, ten steps."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    experiment = snn.Experiment(mock=mock, dt=1e-6)
    synapse, neuron = snn.Synapse(1, 1, experiment), snn.Neuron(1, experiment)
    spikes = torch.zeros(10, 1, 1)
    spikes[2] = 1
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            code = frame.f_code
            calls[f"{frame.f_globals.get('__name__', '?')}.{code.co_qualname}"] += 1
        elif event == "c_call" and argument is not sys.setprofile:
            owner = getattr(argument, "__module__", None) or type(getattr(argument, "__self__", None)).__name__
            calls[f"{owner}.{argument.__qualname__} (C)"] += 1

    for run in range(WARMUP + 1):
        neuron(synapse(snn.NeuronHandle(spikes)))
        gc.collect()
        gc.disable()
        try:
            sys.setprofile(count if run == WARMUP else None)
            snn.run(experiment, 10)
        finally:
            sys.setprofile(None)
            gc.enable()
    return calls


def report(mock: bool) -> None:
    calls = calls_of_run(mock)
    print(f"{'mock mode' if mock else 'in the loop'}: {calls.total()} calls of {len(calls)} functions")
    for name, number in calls.most_common(20):
        print(f"{number:6d}  {name}")


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HXTORCH_CACHE_DIR"] = cache
        # twice: a calibration that was just measured takes a few calls more than one from the cache
        for counted in (False, True):
            hxtorch.init_hardware()
            try:
                report(mock=False) if counted else calls_of_run(mock=False)
            finally:
                hxtorch.release_hardware()
    report(mock=True)


if __name__ == "__main__":
    main()
