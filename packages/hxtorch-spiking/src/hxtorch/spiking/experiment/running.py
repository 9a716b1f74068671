"""Execute what an experiment collected."""

from __future__ import annotations

import numpy as np

from hxtorch.spiking.backend.substitutes import as_called
from hxtorch.spiking.errors import ExperimentError, ParameterError, TensorShapeError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.network.handle import NeuronHandle, TensorHandle
from hxtorch.spiking.network.tensors import check_silence
from hxtorch.spiking.network.uncompiled import uncompiled


@uncompiled
def run(experiment: Experiment, runtime: int | None) -> None:
    """Run an experiment and fill all handles.

    Modules have the parameters that they had when they were called, also those of ``torch.func.functional_call``.
    First the chip runs, unless in mock mode; then the numerics, with the recordings of the chip in the place of their
    own values. Handles get ``min(steps of the inputs, runtime + 1)`` steps.

    Args:
        experiment: A network collected by calling modules. It is forgotten afterwards, also on errors, so each run
            needs the modules to be called again.
        runtime: Length of the run in steps of ``dt``, or None in mock mode for the length of the inputs.

    Raises:
        ExperimentError: There is nothing to run, no runtime, or modules read each other's outputs in a circle that is
            in no wrapper; or a parameter of a module was replaced by another one since its call.
        ParameterError: ``runtime`` is no whole number of at least 1.
        TensorValueError: An input has spikes at or beyond the runtime, or others than 0 and 1 (on a chip).
        TensorShapeError: Inputs differ in the batch size.
        NoConnectionError: No chip is connected.
        PlacementError, RoutingError, RecordingError: The network does not fit.
    """
    try:
        steps = experiment.modules.done()
        inputs = _cut_inputs(experiment, runtime)
        with as_called(experiment.modules):
            before = experiment.modules.pre_process(inputs)
            hw_map, experiment.execution_info = experiment.get_hw_results(runtime)
            for step in steps:
                if step not in before:
                    step.execute(inputs, hw_map)
            experiment.modules.reset_changed_since_last_run()
    finally:
        experiment.clear()


def _cut_inputs(experiment: Experiment, runtime: int | None) -> dict[TensorHandle, TensorHandle]:
    """Check the network's inputs and return each with a copy that ends with the run."""
    if not len(experiment.modules):
        raise ExperimentError("nothing to run; call modules with handles before each run")
    if runtime is not None and (not isinstance(runtime, (int, np.integer)) or isinstance(runtime, bool) or runtime < 1):
        raise ParameterError(f"runtime: got {runtime!r}, wanted a whole number of steps of at least 1")
    cut: dict[TensorHandle, TensorHandle] = {}
    batch_size = None
    for handle in experiment.modules.inputs():
        (reader, *_) = experiment.modules.readers(handle)
        what = f"input of {reader.module.label}"
        tensor = handle.filled()
        if batch_size not in (None, tensor.shape[1]):
            raise TensorShapeError(
                f"{what}: got {tensor.shape[1]} batch entries, wanted {batch_size} like other inputs"
            )
        batch_size = tensor.shape[1]
        if runtime is not None:
            if isinstance(handle, NeuronHandle):
                check_silence(tensor, runtime, what)
            short = type(handle)()
            setattr(short, handle.main, tensor[: runtime + 1])
            cut[handle] = short
    return cut
