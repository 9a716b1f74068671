"""Training steps on the chip and in mock mode, timed on demand: a line with a case on the standard input, a line back.

A case is ``NETWORK BATCH chip|mock THREADS``; back come the seconds of a step, of processor time on one thread, and its
hidden spikes per neuron and batch entry. Started by ``test_loop_steps.py`` under the interpreter of each build; it uses
only names that older builds have too.
"""

import gc
import sys
import time
import warnings

import torch

import hxtorch
from hxtorch import snn

STEPS, WANTED, ROUNDS = 100, 5.0, 14
"""Steps, hidden spikes of a neuron in these, trials for the weights."""
NETWORKS = {"5-120-3": (5, 120, 3, 1), "128-500": (128, 500, 0, 1), "256-240-10": (256, 240, 10, 2)}
"""Inputs, hidden and readout neurons, and circuits of each."""


class Network:
    """Input -> LIF (-> LI), a step by Adam on the sum of the last layer's output.

    Weights are scaled until hidden neurons spike as often as wanted, in each build and mode: work grows with spikes.
    """

    def __init__(self, name, batch, mock):
        inputs, hidden, outputs, circuits = NETWORKS[name]
        self.experiment = snn.Experiment(mock=mock, dt=1e-6)
        structure = {"neuron_structure": snn.morphology.SingleCompartmentNeuron(circuits)} if circuits > 1 else {}
        self.layers = [snn.Synapse(inputs, hidden, self.experiment), snn.Neuron(hidden, self.experiment, **structure)]
        if outputs:
            readout = snn.ReadoutNeuron(outputs, self.experiment, **structure)
            self.layers += [snn.Synapse(hidden, outputs, self.experiment), readout]
        generator = torch.Generator().manual_seed(0)
        drawn = [
            torch.empty_like(synapse.weight).normal_(0.3, 0.5, generator=generator) for synapse in self.layers[::2]
        ]
        rate = max(0.02, 0.5 / inputs)
        self.spikes = (torch.rand(STEPS, batch, inputs, generator=generator) < rate).float()
        self.optimizer = torch.optim.Adam([synapse.weight for synapse in self.layers[::2]], lr=1e-9)
        self.count = hidden * batch
        low, high = 0.01, 200.0
        for _ in range(ROUNDS):
            factor = (low * high) ** 0.5
            for synapse, weight in zip(self.layers[::2], drawn, strict=True):
                synapse.weight.data.copy_((factor * weight).clamp(-63, 63))
            low, high = (factor, high) if self.rate() < WANTED else (low, factor)

    def rate(self):
        return float(self.step().detach().sum()) / self.count

    def step(self):
        """Train once; return spikes of the hidden layer."""
        self.optimizer.zero_grad()
        handle, hidden = snn.NeuronHandle(self.spikes), None
        for synapse, neuron in zip(self.layers[::2], self.layers[1::2], strict=True):
            handle = neuron(synapse(handle))
            hidden = hidden or handle
        snn.run(self.experiment, STEPS)
        (handle.spikes if handle is hidden else handle.membrane_cadc).sum().backward()
        self.optimizer.step()
        return hidden.spikes


def main():
    warnings.simplefilter("ignore")
    hxtorch.init_hardware()
    networks = {}
    gc.disable()
    for line in sys.stdin:
        name, batch, where, threads = line.split()
        torch.set_num_threads(int(threads))
        clock = time.process_time if threads == "1" else time.perf_counter
        key = name, batch, where
        if key not in networks:
            networks[key] = Network(name, int(batch), where == "mock")
        spikes = networks[key].rate()
        begin = clock()
        networks[key].step()
        print(clock() - begin, spikes, flush=True)


main()
