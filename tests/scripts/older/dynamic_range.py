"""Range of the membranes, and the scales between chip and model, measured."""

import hxtorch
import hxtorch.snn as hxsnn
from hxtorch.snn.utils.calib_helper import nightly_calib_path
from hxtorch.snn.utils.dynamic_range.boundary import get_dynamic_range
from hxtorch.snn.utils.dynamic_range.threshold import get_trace_scaling
from hxtorch.snn.utils.dynamic_range.weight_scaling import get_weight_scaling

hxtorch.init_hardware()
calib = nightly_calib_path("spiking")
params = {
    "leak": hxsnn.MixedHXModelParameter(0.0, 80),
    "reset": hxsnn.MixedHXModelParameter(0.0, 80),
    "threshold": hxsnn.MixedHXModelParameter(1.0, 125),
    "tau_mem": 10e-6,
    "tau_syn": 10e-6,
}
baselines, lower, upper = get_dynamic_range(calib, params)
offsets, scales = get_trace_scaling(params, calib)
weight_scale = get_weight_scaling(params, calib_path=calib, weight_step=4)
still_there = hxtorch.get_unique_identifier()
hxtorch.release_hardware()
