"""More inputs than a neuron has rows: parts of the input on synapses of their own, neurons of eight circuits."""

import sys
from functools import partial

import torch

import hxtorch
import hxtorch.snn as hxsnn
from hxtorch.snn.morphology import SingleCompartmentNeuron
from hxtorch.snn.transforms.weight_transforms import linear_saturating
from hxtorch.snn.utils.calib_helper import nightly_calib_path

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 30
N_IN, PARTS, N_OUT = 600, 3, 4
torch.manual_seed(1)
hxtorch.init_hardware()
exp = hxsnn.Experiment(dt=1e-6)
exp.default_execution_instance.load_calib(nightly_calib_path("spiking"))
synapses = torch.nn.ModuleList(
    hxsnn.Synapse(N_IN // PARTS, N_OUT, exp, transform=partial(linear_saturating, scale=63.0)) for _ in range(PARTS)
)
readout = hxsnn.ReadoutNeuron(
    N_OUT,
    exp,
    neuron_structure=SingleCompartmentNeuron(8),
    leak=hxsnn.MixedHXModelParameter(0.0, 80),
    trace_scale=1 / 45,
    shift_cadc_to_first=True,
)
inputs = (torch.rand(80, 4, N_IN) < 0.004).float()
wanted = torch.linspace(-0.5, 0.5, N_OUT).expand(80, 4, N_OUT)
optimizer = torch.optim.Adam(synapses.parameters(), lr=0.005)
losses = []
for _ in range(EPOCHS):
    optimizer.zero_grad()
    for synapse, part in zip(synapses, inputs.chunk(PARTS, 2), strict=True):
        y = readout(synapse(hxsnn.NeuronHandle(part)))
    hxsnn.run(exp, 80)
    loss = torch.nn.functional.mse_loss(y.v_cadc[20:], wanted[20:])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
placement = exp.neuron_placement
circuits = [len(neuron.get_atomic_neurons()) for neuron in placement.id2logicalneuron(readout.unit_ids)]
hxtorch.release_hardware()
