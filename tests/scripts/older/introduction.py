"""First steps: one neuron on the chip and in simulation, the scales between them, and three readouts that learn."""

import sys
from functools import partial

import numpy as np
import torch
from _static.common.helpers import save_nightly_calibration, setup_hardware_client
from _static.tutorial.hxsnn_intro_plots import plot_compare_traces, plot_mock, plot_scaled_trace, plot_targets

import hxtorch
import hxtorch.snn as hxsnn
from hxtorch.snn.transforms.weight_transforms import linear_saturating

setup_hardware_client()

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
torch.manual_seed(3)

# One neuron on the chip
save_nightly_calibration("spiking_calix-native.pkl")
hxtorch.init_hardware()
exp = hxsnn.Experiment(dt=1e-6)
exp.default_execution_instance.load_calib("spiking_calix-native.pkl")
syn = hxsnn.Synapse(in_features=1, out_features=1, experiment=exp)
lif = hxsnn.Neuron(
    size=1,
    experiment=exp,
    enable_cadc_recording=True,
    enable_madc_recording=True,
    enable_spike_recording=True,
    record_neuron_id=0,
    cadc_time_shift=-1,
)
syn.weight.data.fill_(63)
inputs = torch.zeros((50, 1, 1))
inputs[[10, 15, 20, 30]] = 1

g = syn(hxsnn.NeuronHandle(inputs))
z = lif(g)
promised = z.spikes, z.v_cadc
hxsnn.run(exp, 50)
chip_spikes, chip_cadc, chip_madc = z.spikes, z.v_cadc, z.v_madc
plot_compare_traces(inputs, z)
hxtorch.release_hardware()

# The same in simulation
exp = hxsnn.Experiment(dt=1e-6, mock=True)
syn = hxsnn.Synapse(1, 1, exp)
syn.weight.data.fill_(50)
lif = hxsnn.Neuron(1, exp)
z = lif(syn(hxsnn.NeuronHandle(inputs)))
hxsnn.run(exp, 50)
mock_cadc, mock_spikes = z.v_cadc, z.spikes
plot_mock(inputs, z)

# Scales
hxtorch.init_hardware()


def run(inputs, weight_scale=63.0, trace_offset=0.0, trace_scale=1.0, mock=False, n_runs=5):
    """Record the membrane of one neuron, once per run."""
    traces = []
    for _ in range(n_runs):
        exp = hxsnn.Experiment(dt=1e-6, mock=mock)
        exp.default_execution_instance.load_calib("spiking_calix-native.pkl")
        syn = hxsnn.Synapse(1, 1, exp, transform=partial(linear_saturating, scale=weight_scale))
        lif = hxsnn.Neuron(
            size=1,
            experiment=exp,
            leak=hxsnn.MixedHXModelParameter(0.0, 80),
            reset=hxsnn.MixedHXModelParameter(0.0, 80),
            threshold=hxsnn.MixedHXModelParameter(1.0, 125),
            cadc_time_shift=-1,
            trace_offset=trace_offset,
            trace_scale=trace_scale,
        )
        syn.weight.data.fill_(1.0)
        z = lif(syn(hxsnn.NeuronHandle(inputs)))
        hxsnn.run(exp, 50)
        traces.append(z.v_cadc.detach().numpy().reshape(-1))
    return traces


baseline = np.stack(run(torch.zeros((50, 1, 1)))).mean()
reached = np.stack(run(torch.ones((50, 1, 1)), trace_offset=baseline)).max(1).mean()
trace_scale = 1.0 / reached
one = torch.zeros((50, 1, 1))
one[10] = 1
mock_psp = run(one, mock=True, n_runs=1)[0]
chip_psp = run(one, trace_offset=baseline, trace_scale=trace_scale, weight_scale=55.0)
plot_scaled_trace(one, chip_psp, mock_psp)

# Readouts that follow curves
targets = torch.stack([torch.sin(torch.linspace(0, f, 100)) for f in (3.0, 6.0, 9.0)], 1)[:, None]
plot_targets(targets)
exp = hxsnn.Experiment(mock=False)
exp.default_execution_instance.load_calib("spiking_calix-native.pkl")
lin1 = hxsnn.Synapse(128, 3, exp, transform=partial(linear_saturating, scale=55))
li = hxsnn.ReadoutNeuron(
    3,
    exp,
    tau_mem=10e-6,
    tau_syn=10e-6,
    leak=hxsnn.MixedHXModelParameter(0.0, 80.0),
    shift_cadc_to_first=True,
    trace_scale=trace_scale,
    trace_offset=baseline,
)
inputs = (torch.rand((100, 1, 128)) < 0.03).float()
optimizer = torch.optim.Adam(lin1.parameters(), lr=2e-2)
losses = []
for _ in range(EPOCHS):
    optimizer.zero_grad()
    y = li(lin1(hxsnn.NeuronHandle(inputs)))
    hxsnn.run(exp, 100)
    loss = torch.nn.functional.mse_loss(y.v_cadc, targets)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
hxtorch.release_hardware()
