"""Execute what an experiment collected."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ExperimentError, ExperimentWarning, TensorShapeError
from hxtorch.spiking.experiment.sizes import check_memory
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.network.substitutes import as_called
from hxtorch.spiking.network.uncompiled import uncompiled

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_info import ExecutionInfo

__all__ = ["log", "run"]

log = logging.getLogger("hxtorch.spiking.run")


@checked
@uncompiled
def run(experiment: BaseExperiment, runtime: int | None) -> ExecutionInfo | None:
    """Run an experiment and fill all handles.

    Modules have the parameters that they had when they were called, also those of ``torch.func.functional_call``.
    First the chip runs, unless in mock mode; then the numerics, with the recordings of the chip in the place of their
    own values. Handles get as many steps as the inputs have. On a chip, what lies at or after the runtime does not
    happen, and a recording that is shorter than the inputs holds its last sample.

    Args:
        experiment: A network collected by calling modules. It is forgotten afterwards, also on errors, so each run
            needs the modules to be called again.
        runtime: Length of the run on the chip in steps of ``dt``; mock mode does not need it.

    Returns:
        What the chip did (``time``, ``health``), None in mock mode.

    Raises:
        ExperimentError: There is nothing to run, no runtime, an input is empty, or modules read each other's outputs in
            a circle that is in no wrapper (a ValueError too); or a parameter was replaced since its call.
        ParameterError: ``runtime`` is no whole number of at least 1.
        TensorShapeError: Inputs differ in the batch size.
        MemoryLimitError: What the modules make does not fit into memory; says how many batch entries would.
        NoConnectionError: No chip is connected.
        PlacementError, RoutingError, RecordingError: The network does not fit.
    """
    if not isinstance(experiment, BaseExperiment):
        raise ExperimentError(
            f"run: got {type(experiment).__name__} for the experiment, wanted a hxtorch.spiking.Experiment; it comes "
            "first, as in run(experiment, runtime)"
        )
    modules: Any = experiment.modules
    try:
        steps = modules.done()  # says what is wrong with the network before anything happens
        if not steps:
            raise ExperimentError("nothing to run; call modules with handles before each run")
        check_memory(_checked_inputs(modules, runtime), steps)
        with as_called(modules.held):
            modules.pre_process(experiment)
            hw_map, info = experiment.get_hw_results(runtime)
            for step in modules.remaining(steps):
                step.execute(hw_map)
            modules.reset_changed_since_last_run()
    finally:
        experiment.clear()
    return info  # type: ignore[no-any-return]


vars(run)["run"] = run  # "import hxtorch.spiking.run" binds this function, and scripts go on with ".run"


def _checked_inputs(modules: Any, runtime: int | None) -> list[Any]:
    """Return the shapes of the network's inputs if they are there and belong together.

    An input of fewer steps, with as many batch entries as the run has steps, is warned of.
    """
    size, shapes = None, []
    for handle in modules.input_data():
        tensor = handle.observable_state
        if tensor is None:
            (reader, *_) = modules.readers(handle)
            raise ExperimentError(
                f"{reader.label}: its input is an empty {type(handle).__name__} that no module of this experiment "
                "fills; hand in one with a tensor, or the output of a module"
            )
        shape = tensor.shape
        shapes.append(shape)
        found = shape[1] if len(shape) == 3 else 1 if len(shape) == 2 else size
        if size not in (None, found):
            (reader, *_) = modules.readers(handle)
            raise TensorShapeError(
                f"input of {reader.label}: got {found} batch entries, wanted {size} like other inputs"
            )
        size = found
        if type(runtime) is int and len(shape) == 3 and shape[0] < runtime == shape[1]:
            (reader, *_) = modules.readers(handle)
            warnings.warn(
                f"input of {reader.label}: has {shape[0]} steps and {shape[1]} batch entries, the run has {runtime} "
                "steps; tensors are (time, batch, neuron), and input.transpose(0, 1) makes them of (batch, time, ...)",
                ExperimentWarning,
                stacklevel=5,  # behind the doors
            )
    return shapes
