"""Range of the membranes, and the scales between chip and model, measured by tools that connect by themselves."""

import hxtorch.spiking as hxsnn
from hxtorch.spiking.morphology import SingleCompartmentNeuron
from hxtorch.spiking.utils.calib_helper import nightly_calib_path
from hxtorch.spiking.utils.dynamic_range.boundary import get_dynamic_range
from hxtorch.spiking.utils.dynamic_range.threshold import get_trace_scaling
from hxtorch.spiking.utils.dynamic_range.weight_scaling import get_weight_scaling

calib = nightly_calib_path("spiking")
params = {
    "leak": hxsnn.MixedHXModelParameter(0.0, 80),
    "reset": hxsnn.MixedHXModelParameter(0.0, 80),
    "threshold": hxsnn.MixedHXModelParameter(1.0, 125),
    "tau_mem": 10e-6,
    "tau_syn": 10e-6,
}
one = SingleCompartmentNeuron(1)
baselines, lower, upper = get_dynamic_range(one, calib, params)
offsets, scales = get_trace_scaling(params, calib, one)
weight_scale = get_weight_scaling(params, 4, calib, one)
