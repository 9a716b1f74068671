"""Integration of neurons over time and its adjoint. Arrays are given by their addresses, 0 for none."""

def forward(
    double: bool,
    fire: bool,
    full: bool,
    steps: int,
    lanes: int,
    width: int,
    constants: int,
    spikes_hw: int,
    membrane_hw: int,
    adaptation_hw: int,
    input: int,
    spikes: int,
    membrane: int,
    current: int,
    adaptation: int,
    before: int,
    events: int,
    threads: int,
) -> None:
    """Integrate ``lanes`` neurons for ``steps`` steps.

    Args:
        double: Whether numbers are float64, else float32.
        fire: Whether the neurons have a threshold.
        full: Whether they have exponential and adaptation terms.
        steps: Length of the arrays over time.
        lanes: Neurons of all batch entries.
        width: Length of a row of ``constants``, which repeats along the lanes.
        constants: (row, width), rows as in :mod:`hxtorch.spiking.functional.constants`.
        spikes_hw, membrane_hw, adaptation_hw: Recordings (step, lane).
        input: Weighted spikes (step, lane).
        spikes, membrane, current, adaptation: Outputs (step, lane).
        before: Output: membrane before the reset, relative to the rest (step, lane).
        events: Output: 1 where a neuron spiked, 2 where it was refractory, uint8 (step, lane).
        threads: How many to use at most.
    """

def backward(
    double: bool,
    fire: bool,
    full: bool,
    steps: int,
    lanes: int,
    width: int,
    constants: int,
    membrane_hw: int,
    before: int,
    events: int,
    current: int,
    adaptation: int,
    surrogate: int,
    alpha: float,
    grad_spikes: int,
    grad_membrane: int,
    grad_current: int,
    grad_adaptation: int,
    grad_input: int,
    grad_constants: int,
    threads: int,
) -> None:
    """Go back through what :func:`forward` did.

    Args:
        double, fire, full, steps, lanes, width, constants, membrane_hw, threads: As there.
        before, events, current, adaptation: What it put out; the last two only for gradients of the constants.
        surrogate: Number of the surrogate derivative, see :mod:`hxtorch.spiking.functional.surrogates`.
        alpha: Its steepness.
        grad_spikes, grad_membrane, grad_current, grad_adaptation: Gradients of the outputs.
        grad_input: Output: gradient of the input.
        grad_constants: Output: gradients of the constants per lane (row, lane).
    """
