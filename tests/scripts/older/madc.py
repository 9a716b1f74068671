"""The membrane ADC and the column ADC of one neuron in one figure: `madc.py FIGURE`."""

import sys

import matplotlib.pyplot as plt
import torch

import hxtorch
import hxtorch.snn as hxsnn
from hxtorch.snn.utils.calib_helper import nightly_calib_path

hxtorch.init_hardware()
exp = hxsnn.Experiment(dt=1e-6)
exp.default_execution_instance.load_calib(nightly_calib_path("spiking"))
synapse = hxsnn.Synapse(1, 1, exp)
synapse.weight.data.fill_(63)
lif = hxsnn.Neuron(1, exp, enable_madc_recording=True, record_neuron_id=0)
inputs = torch.zeros(110, 1, 1)
inputs[[10, 15, 20, 30]] = 1
z = lif(synapse(hxsnn.NeuronHandle(inputs)))
hxsnn.run(exp, 110)
hxtorch.release_hardware()

time, trace = z.v_madc[0, :], z.v_madc[1, :]
figure, (upper, lower) = plt.subplots(2, 1, sharex=True)
upper.plot(time / 125, trace)
lower.plot(z.v_cadc[:, 0].detach())
lower.set_xlabel("time (us)")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "madc.png")
plt.close(figure)
