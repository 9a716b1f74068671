"""A network that came by NIR: run, look, and send back."""

import nir
import numpy as np
import torch

import hxtorch.snn as hxsnn

ones = np.ones(3, np.float32)
graph = nir.NIRGraph(
    nodes={
        "input": nir.Input(np.array([4])),
        "affine": nir.Linear(np.full((3, 4), 0.4, np.float32)),
        "lif": nir.CubaLIF(
            tau_mem=10e-3 * ones, tau_syn=10e-3 * ones, r=ones, v_leak=0 * ones, v_threshold=ones, w_in=10 * ones
        ),
        "output": nir.Output(np.array([3])),
    },
    edges=[("input", "affine"), ("affine", "lif"), ("lif", "output")],
)
spikes = torch.zeros(60, 2, 4)
spikes[5:30:4] = 1

net = hxsnn.from_nir(graph, config=hxsnn.ConversionConfig(mock=True, dt=1e-6))
found = net(hxsnn.NeuronHandle(spikes))
hxsnn.run(net.experiment, 60)
out_spikes, out_membrane = found.spikes, found.v_cadc
back = hxsnn.to_nir(net)
