"""The step of a neuron as text that people can read."""

from __future__ import annotations

from dataclasses import dataclass, field

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError


@checked
@dataclass(frozen=True)
class CuBaStepCode:
    """Terms that the equations of neurons with exponential synaptic currents have.

    Attributes:
        leaky: The membrane leaks.
        fire: There is a threshold.
        refractory: A membrane that spiked is held at the reset for the refractory time.
        exponential: The membrane is driven by an exponential of itself.
        subthreshold_adaptation: The membrane drives the adaptation.
        spike_triggered_adaptation: Each spike increments the adaptation.
        hw_voltage_trace_available: A recorded membrane takes the place of the computed one; in the text only, what
            was recorded tells the integration.
        hw_adaptation_trace_available: As that, of the adaptation.
        hw_spikes_available: As that, of spikes.
    """

    leaky: bool = True
    fire: bool = True
    refractory: bool = False
    exponential: bool = False
    subthreshold_adaptation: bool = False
    spike_triggered_adaptation: bool = False
    hw_voltage_trace_available: bool = field(default=False, compare=False)
    hw_adaptation_trace_available: bool = field(default=False, compare=False)
    hw_spikes_available: bool = field(default=False, compare=False)

    @property
    def adapting(self) -> bool:
        """Whether there is an adaptation current."""
        return self.subthreshold_adaptation or self.spike_triggered_adaptation

    def generate(self) -> StepText:
        """Return one step of the integration as text.

        The text is made to be read; it is never executed. It carries this object, so that what takes a description of
        the step takes the text too.
        """
        return StepText(self)

    def lines(self) -> list[str]:
        """Return the assignments of one step in their order."""
        drive = ["i"]
        if self.leaky:
            drive.append("- g_l * (v - leak)")
        if self.exponential:
            drive.append("+ g_l * exp_slope * exp((v - exp_threshold) / exp_slope)")
        if self.adapting:
            drive.append("- w")
        held = self.fire and self.refractory
        moved = f"v + dt / c_mem * ({' '.join(drive)})"
        lines = [
            f"v = {moved}" if not held else f"v = v if wait > 0 else {moved}",
            "i = (1 - dt / tau_syn) * i + input",
        ]
        if self.hw_voltage_trace_available:
            lines.insert(1, "v = recorded membrane")
        if self.fire:
            lines.append("z = v > threshold" + (" and wait == 0" if held else ""))
            if self.hw_spikes_available:
                lines.append("z = recorded spikes")
        if self.adapting:
            target = "subthreshold_adaptation_strength * (v - leak)" if self.subthreshold_adaptation else "0"
            kick = (
                " + spike_triggered_adaptation_increment * z" if self.spike_triggered_adaptation and self.fire else ""
            )
            lines.append(f"w = w + dt / tau_adap * ({target} - w){kick}")
            if self.hw_adaptation_trace_available:
                lines.append("w = recorded adaptation")
        if self.fire:
            lines.append("v = reset if z else v")
        if held:
            lines.append("wait = refractory_time / dt if z else max(wait - 1, 0)")
        return lines


class StepText(str):
    """Text of one step, with the description that it was made from.

    Attributes:
        step: The description.
    """

    step: CuBaStepCode

    def __new__(cls, step: CuBaStepCode) -> StepText:
        """Write the text of ``step``."""
        text = super().__new__(cls, "\n".join(step.lines()))
        text.step = step
        return text


def described(code: CuBaStepCode | str) -> CuBaStepCode:
    """Return the description of a step.

    Args:
        code: The description itself, or the text that it generated.

    Raises:
        ParameterError: It is other text: none is executed.
    """
    if isinstance(code, CuBaStepCode):
        return code
    if isinstance(code, StepText):
        return code.step
    raise ParameterError(
        f"integration_step_code: got a {type(code).__name__} that is not from here, wanted a CuBaStepCode or what its "
        "generate() returned; text is not executed"
    )
