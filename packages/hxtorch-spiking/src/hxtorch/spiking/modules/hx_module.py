"""A function in a network of handles: collected when called, executed by a run."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from hxtorch.spiking.chip.execution_instance import BaseExecutionInstance
from hxtorch.spiking.chip.recording import PopulationRecording, read_spikes, recording_of
from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.modules import legal
from hxtorch.spiking.modules.base import HXBaseExperimentModule, HXTorchFunctionMixin, places
from hxtorch.spiking.network.observables import HardwareObservables

if TYPE_CHECKING:
    from hxtorch import core
    from hxtorch.core import LogicalNeuronOnDLS, SpikeHandle
    from hxtorch.spiking.chip.input_generator import InputGenerator
    from hxtorch.spiking.network.roles import BaseExperiment

__all__ = ["HXBaseExperimentModule", "HXFunctionalModule", "HXHardwareEntityMixin", "HXModule", "HXTorchFunctionMixin"]


class HXHardwareEntityMixin:
    """What a module is on a chip.

    Args:
        execution_instance: Where the module runs, or None to leave that to the experiment.
        chip_coordinate: Which chip of a setup the module is on; kept, as a setup has one.

    Attributes:
        descriptor: What the module is called in the network that is being prepared for a chip, or runs there.
    """

    descriptor: Any = None
    _run_seconds: float | None = None
    _recorded_spikes: SpikeHandle | None = None
    _state_of_last_run: Hashable = None

    def __init__(
        self, execution_instance: BaseExecutionInstance | None = None, chip_coordinate: object | None = None
    ) -> None:
        self._execution_instance = execution_instance
        self.chip_coordinate = chip_coordinate

    @property
    def execution_instance(self) -> Any:
        """Where the module runs on a chip; None in mock mode."""
        return None if self.experiment.mock else self._execution_instance  # type: ignore[attr-defined]

    @execution_instance.setter
    def execution_instance(self, instance: BaseExecutionInstance | None) -> None:
        self._execution_instance = instance

    def extra_repr(self) -> str:
        """Return where the module runs."""
        return "" if self._execution_instance is None else f"execution_instance={self._execution_instance!r}"

    def state(self) -> Hashable:
        """Return what the chip is placed, routed and calibrated for; weights are not among it."""
        return (type(self),)

    @property
    def changed_since_last_run(self) -> bool:
        """Whether the module is another one on the chip than in the last run, or there was none."""
        return self.state() != self._state_of_last_run

    def reset_changed_since_last_run(self) -> None:
        """Take the module as it is now for that of the last run; runs do this."""
        state = self.__dict__.pop("_state_in_run", None) or self.state()
        if state != self._state_of_last_run:  # to set an attribute of a module in torch's way takes time
            self.__dict__["_state_of_last_run"] = state

    def add_to_input_generator(self, input: Any, builder: InputGenerator) -> None:
        """Send spikes in the run that is being prepared; only sources do."""

    def register_hw_entity(self) -> None:
        """Ask for a place on the chip that is being prepared; modules that the chip does not see do not."""

    def configure_hw_entity(
        self, neuron_id: int, neuron_block: core.NeuronBlock, coord: LogicalNeuronOnDLS
    ) -> core.NeuronBlock:
        """Set the registers of one neuron that the module decides, after the calibration.

        Args:
            neuron_id: Number of the neuron in the population.
            neuron_block: Registers of all neurons.
            coord: Where the neuron is.

        Returns:
            ``neuron_block``.
        """
        return neuron_block

    def post_process(self, hw_data: Any = None, runtime: Any = None, *older: Any, **named: Any) -> Any:
        """Turn recordings of the chip into tensors for the numerics; users override this to see or change them.

        What is overridden may take ``(hw_data, runtime)``, or as older scripts do ``(hw_spikes, hw_cadc, hw_madc)``,
        with or without the runtime behind; this method can be called in each of these ways.

        Args:
            hw_data: What was recorded, see :class:`~hxtorch.spiking.chip.recording.PopulationRecording`.
            runtime: Length of the run in seconds.
            *older: The rest of the older order.
            **named: The same by the older names.

        Returns:
            Tensors (time, batch, neuron) on ``ceil(runtime / dt) + 1`` points of time: as
            :class:`~hxtorch.spiking.observables.HardwareObservables`. Users may also return (spikes, cadc, madc), or a
            handle with ``voltage``, ``adaptation`` and ``spikes``.
        """
        found, seconds = recording_of(hw_data, runtime, older, named, self._run_seconds)
        return self.observe(found, seconds)

    def observe(self, hw_data: PopulationRecording, runtime: float) -> HardwareObservables:
        """Turn recordings into tensors, see :meth:`post_process`."""
        dt: float = self.experiment.dt  # type: ignore[attr-defined]  # of the module that this is mixed into
        return HardwareObservables(None if hw_data.spikes is None else read_spikes(hw_data.spikes, runtime, dt))


_OF_FUNCTIONS = {
    **HXBaseExperimentModule._checks,
    **legal.each(legal.maybe_function, "func"),
    **legal.each(legal.legal_arguments, "extra_args", "extra_kwargs"),
}


class HXFunctionalModule(HXTorchFunctionMixin, HXBaseExperimentModule):
    """Base of modules that the chip does not see: functions of tensors.

    Args:
        experiment: Collects the module when it is called.
    """

    _checks = _OF_FUNCTIONS

    def __init__(self, experiment: BaseExperiment) -> None:
        HXBaseExperimentModule.__init__(self, experiment)
        HXTorchFunctionMixin.__init__(self)


def _legal_instance(module: Any, value: Any) -> BaseExecutionInstance | None:
    if value is not None and not isinstance(value, BaseExecutionInstance):
        owner = type(module).__name__
        raise ParameterError(f"execution_instance of {owner}: got {value!r:.60}, wanted an ExecutionInstance or None")
    return value


@checked
class HXModule(HXTorchFunctionMixin, HXHardwareEntityMixin, HXBaseExperimentModule):
    """Base of all modules, and by itself a function of tensors that the chip does not see.

    Users either hand in ``func`` or override ``forward_func``.

    Args:
        experiment: Collects the module when it is called.
        execution_instance: Where the module runs on a chip, or None to leave that to the experiment. A function in its
            place is taken for ``func``.
        chip_coordinate: Which chip of a setup the module is on.
        func: Function of the main tensors of the input handles, of ``extra_args`` and by name of ``extra_kwargs``, or a
            ``torch.autograd.Function``. It returns the main tensor of the output, a tuple of its fields, or a handle.
            Arguments of the names ``params``, ``hw_data`` and ``dt`` are given if it has them.
    """

    _checks = _OF_FUNCTIONS | {"execution_instance": _legal_instance}

    def __init__(
        self,
        experiment: BaseExperiment,
        execution_instance: BaseExecutionInstance | Callable[..., Any] | None = None,
        chip_coordinate: object | None = None,
        func: Callable[..., Any] | None = None,
    ) -> None:
        instance, coordinate, function = places(execution_instance, chip_coordinate, func)
        HXBaseExperimentModule.__init__(self, experiment)
        HXTorchFunctionMixin.__init__(self)
        HXHardwareEntityMixin.__init__(self, instance, coordinate)
        if function is not None:
            self.func = function

    def extra_repr(self) -> str:
        """Return the function, and where the module runs."""
        parts = HXTorchFunctionMixin.extra_repr(self), HXHardwareEntityMixin.extra_repr(self)
        return ", ".join(part for part in parts if part)
