"""A function in a network of handles: collected when called, executed by a run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from hxtorch.spiking.chip.recording import read_spikes
from hxtorch.spiking.errors import ExperimentError, TensorShapeError, TensorTypeError
from hxtorch.spiking.modules.base import HXBaseExperimentModule
from hxtorch.spiking.network.handle import TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.tensors import check_axes, check_finite

if TYPE_CHECKING:
    from hxtorch.core import CADCHandle, MADCHandle, SpikeHandle
    from hxtorch.spiking.experiment.experiment import Experiment


class HXModule(HXBaseExperimentModule):
    """Base of all modules, and by itself a function of tensors that the chip does not see.

    Calling a module with handles adds it to the experiment and returns an empty handle; ``hxtorch.spiking.run``
    executes all modules and fills the handles. Users either hand in ``func`` or override :meth:`forward_func`.

    Args:
        experiment: Collects the module when it is called.
        func: Function of the main tensors of the input handles. It returns the main tensor of the output, a tuple of
            its fields, or a handle. Arguments of the names ``params``, ``hw_data`` and ``dt`` are given if it has them.
    """

    input_type: ClassVar[type[TensorHandle]] = TensorHandle
    """What the module reads."""

    output_type: ClassVar[type[TensorHandle] | None] = None
    """What the module fills; None for the type of its first input."""

    single_input: ClassVar[bool] = False
    """Whether the module reads exactly one handle."""

    on_host: ClassVar[bool] = True
    """Whether the chip does not see the module."""

    def __init__(self, experiment: Experiment, func: Callable[..., Any] | None = None) -> None:
        super().__init__(experiment, func)
        self._state_of_last_run: Hashable = None

    @property
    def params(self) -> Any:
        """Parameters that ``func`` gets, or None."""
        return None

    @property
    def in_size(self) -> int | None:
        """Number of neurons that inputs must have, or None for any."""
        return None

    @property
    def out_size(self) -> int | None:
        """Number of neurons of the output, or None if the module does not say."""
        return None

    @property
    def source_mask(self) -> Tensor | None:
        """Which neurons of the population that it reads may spike in this pass, bool (neuron,), or None for all."""
        return None

    def state(self) -> Hashable:
        """Return what the chip is placed, routed and calibrated for; weights are not among it."""
        return (type(self),)

    @property
    def changed_since_last_run(self) -> bool:
        """Whether :meth:`state` has another value than in the last run, or there was none."""
        return self.state() != self._state_of_last_run

    def reset_changed_since_last_run(self) -> None:
        """Take the module as it is now for that of the last run; runs do this."""
        self._state_of_last_run = self.state()

    def forward(self, *input: TensorHandle, output: TensorHandle | None = None) -> TensorHandle:
        """Join the experiment.

        Args:
            *input: Handles, filled or promised by other modules of the same experiment.
            output: An empty handle to fill, for networks in which it was handed on before; None for a new one.

        Returns:
            The handle that a run fills.

        Raises:
            ExperimentError: The module was called before in this pass, nothing fills an input, there are too many, or
                ``output`` is filled.
            TensorTypeError, TensorShapeError, TensorValueError: An input does not fit.
        """
        if not input or (self.single_input and len(input) > 1):
            wanted = "one" if self.single_input else "at least one"
            raise ExperimentError(f"{self.label}: got {len(input)} handles, wanted {wanted}")
        for handle in input:
            self._check_input(handle)
        made = self.output_type or type(input[0])
        if output is None:
            output = made()
        elif not isinstance(output, made):
            raise TensorTypeError(f"output of {self.label}: got {type(output).__name__}, wanted {made.__name__}")
        self.experiment.connect(self, input, output)
        return output

    def forward_func(self, *input: TensorHandle, hw_data: HardwareObservables | None = None) -> Any:
        """Compute the output.

        Args:
            *input: Filled handles.
            hw_data: What the chip recorded of this module, None in mock mode and for modules that it does not see.

        Returns:
            The main tensor of the output, a tuple of its fields in their order, or a handle.
        """
        return self._call_func(input, params=self.params, hw_data=hw_data, dt=self.experiment.dt)

    def exec_forward(
        self,
        input: TensorHandle | tuple[TensorHandle, ...],
        output: TensorHandle,
        hw_map: Mapping[HXModule, HardwareObservables],
    ) -> None:
        """Compute the output and fill its handle.

        Args:
            input: Filled handles.
            output: The handle to fill.
            hw_map: What the chip recorded, by module.
        """
        inputs = input if isinstance(input, tuple) else (input,)
        for handle in inputs:
            check_axes(handle.observable_state, f"input of {self.label}", self.in_size)
        hw_data = hw_map.get(self)
        self._fill(output, self.forward_func(*inputs, hw_data=hw_data))
        if hw_data is not None:
            self.show(output, hw_data)

    def show(self, output: TensorHandle, hw_data: HardwareObservables) -> None:
        """Put recordings into a filled handle that the model has no place for."""

    def post_process(
        self,
        hw_spikes: SpikeHandle | None,
        hw_cadc: CADCHandle | None,
        hw_madc: MADCHandle | None,
        runtime: float,
    ) -> HardwareObservables:
        """Turn recordings of the chip into tensors for the numerics; users override this to see or change them.

        Args:
            hw_spikes: Recorded spikes of this module, or None.
            hw_cadc: Recorded samples of the column ADC, or None.
            hw_madc: Recorded samples of the membrane ADC, or None.
            runtime: Length of the run in seconds.

        Returns:
            Tensors (time, batch, neuron) on ``ceil(runtime / dt) + 1`` points of time.
        """
        dense = None if hw_spikes is None else read_spikes(hw_spikes, runtime, self.experiment.dt)
        return HardwareObservables(spikes=dense)

    def _check_input(self, handle: object) -> None:
        """Check what can be known of an input before the run."""
        if not isinstance(handle, self.input_type):
            hint = "; wrap tensors in hxtorch.spiking.NeuronHandle" if isinstance(handle, Tensor) else ""
            raise TensorTypeError(f"{self.label}: got {type(handle).__name__}, wanted {self.input_type.__name__}{hint}")
        maker = self.experiment.modules.maker(handle)
        if maker is None:
            if handle.observable_state is not None:
                what = f"input of {self.label}"
                self._check_numbers(check_axes(handle.observable_state, what, self.in_size), what)
        elif None not in (self.in_size, maker.module.out_size) and self.in_size != maker.module.out_size:
            got = f"{maker.module.out_size} neurons of {maker.module.label}"
            raise TensorShapeError(f"{self.label}: got {got}, wanted {self.in_size}")

    def _check_numbers(self, tensor: Tensor, what: str) -> None:
        """Check the numbers of an input that was handed in filled."""
        check_finite(tensor, what)
