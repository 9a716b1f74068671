"""The smallest runs there are, timed on demand: a line with a case on the standard input, a line with seconds back.

Started by ``test_small_runs.py`` under the interpreter of each build; it uses only names that older builds have too.
"""

import gc
import os
import sys
import time
import warnings

import torch

import hxtorch
from hxtorch import snn
from hxtorch.perceptron import matmul

RUNS = 50
"""Of one figure, which is their median."""


class Network:
    """One neuron behind one synapse; a call collects a pass, ``run`` runs it."""

    def __init__(self, mock):
        self.experiment = snn.Experiment(mock=mock, dt=1e-6)
        self.synapse, self.neuron = snn.Synapse(1, 1, self.experiment), snn.Neuron(1, self.experiment)
        torch.nn.init.constant_(self.synapse.weight, 30.0)
        self.spikes = torch.zeros(10, 1, 1)
        self.spikes[2] = 1

    def __call__(self):
        self.neuron(self.synapse(snn.NeuronHandle(self.spikes)))

    def run(self):
        snn.run(self.experiment, 10)


def seconds(prepare, run):
    """Return the median of processor seconds of ``run()``, each after a ``prepare()`` that does not count."""
    taken = []
    for _ in range(RUNS):
        prepare()
        begin = time.process_time()
        run()
        taken.append(time.process_time() - begin)
    return sorted(taken)[RUNS // 2]


def main():
    warnings.simplefilter("ignore")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    hxtorch.init_hardware()
    chip, mock = Network(mock=False), Network(mock=True)
    x, weight = torch.full((1, 1), 5.0), torch.full((1, 1), 20.0)
    cases = {
        "chip": (chip, chip.run),
        "mock": (mock, mock.run),
        "matmul": (lambda: None, lambda: matmul(x, weight)),
    }
    gc.disable()
    for line in sys.stdin:
        print(seconds(*cases[line.strip()]), flush=True)


main()
