"""Run what is installed of the four packages, each once: ``python tools/smoke.py``. A failure ends it with an error."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np


def emulator() -> None:
    """Read resting membranes of an emulated chip."""
    from bss2_emulator import Chip, ChipConfig

    result = Chip("emulated-1", fidelity="full", seed=0).run_spiking(
        ChipConfig(), runtime=12_500, event_times=[], event_labels=[], batch_offsets=[0, 0], cadc_neurons=np.arange(512)
    )
    assert all(traces[1].size for traces in result.cadc)  # noqa: S101


def perceptron() -> None:
    """Multiply a vector by a matrix on the chip."""
    import torch

    import hxtorch.ann as hxann

    assert hxann.matmul(torch.full((100,), 15.0), torch.full((100, 10), 21.0)).min() > 0  # noqa: S101


def spiking() -> None:
    """Take one gradient of a small network in the loop."""
    import torch

    import hxtorch.snn as hxsnn

    experiment = hxsnn.Experiment(dt=1e-6)
    synapse = hxsnn.Synapse(16, 1, experiment=experiment)
    readout = hxsnn.ReadoutNeuron(1, experiment=experiment)(
        synapse(hxsnn.NeuronHandle((torch.rand(20, 2, 16) < 0.1).float()))
    )
    hxsnn.run(experiment, 20)
    readout.membrane_cadc.sum().backward()
    assert synapse.weight.grad is not None  # noqa: S101


if __name__ == "__main__":
    emulator()
    if importlib.util.find_spec("hxtorch"):
        import hxtorch

        for name, job in (("perceptron", perceptron), ("spiking", spiking)):
            if hasattr(hxtorch, name):
                hxtorch.init_hardware(ann=job is perceptron)
                job()
                hxtorch.release_hardware()
                print(f"hxtorch.{name} runs")
    print(f"what is installed runs on Python {sys.version.split()[0]}")
