"""A network that came by NIR: run, look, and send back."""

import nir
import numpy as np
import torch

from hxtorch.spiking.utils.from_nir import ConversionConfig, from_nir
from hxtorch.spiking.utils.from_nir_data import from_nir_data
from hxtorch.spiking.utils.to_nir import to_nir
from hxtorch.spiking.utils.to_nir_data import to_nir_data

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

cfg = ConversionConfig()
cfg.mock = True
cfg.dt = 1e-6
snn = from_nir(graph, cfg)
found = snn({"input": spikes})
handle = snn.output["lif"]
out_spikes, out_membrane = handle.spikes, handle.membrane_cadc
back = to_nir(snn, {"input": spikes})
events = to_nir_data({"input": spikes}, snn)
again = from_nir_data(events, snn)
