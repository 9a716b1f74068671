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
        constants: (row, width), rows as in :mod:`hxtorch.spiking.functional.steps.constants`.
        spikes_hw: Recorded spikes (step, lane).
        membrane_hw: Recorded membranes.
        adaptation_hw: Recorded adaptation.
        input: Weighted spikes (step, lane).
        spikes: Output (step, lane).
        membrane: Output.
        current: Output.
        adaptation: Output.
        before: Output: membrane before the reset, relative to the rest (step, lane).
        events: Output: 1 where a neuron spiked, 2 where it was refractory, uint8 (step, lane).
        threads: How many to use at most.
    """

def scratch_size(double: bool, steps: int, threads: int) -> int:
    """Return how many bytes :func:`backward` needs to compute membranes and events again."""

def backward(
    double: bool,
    fire: bool,
    full: bool,
    steps: int,
    lanes: int,
    width: int,
    constants: int,
    input: int,
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
    scratch: int,
    threads: int,
) -> None:
    """Go back through what :func:`forward` did.

    Args:
        double: As there.
        fire: As there.
        full: As there.
        steps: As there.
        lanes: As there.
        width: As there.
        constants: As there.
        input: As there; only read with ``scratch``.
        membrane_hw: As there.
        before: What it put out.
        events: What it put out.
        current: What it put out, only for gradients of the constants.
        adaptation: What it put out, only for gradients of the constants.
        surrogate: Number of the surrogate derivative, see :mod:`hxtorch.spiking.functional.surrogates.derivatives`.
        alpha: Its steepness.
        grad_spikes: Gradient of an output.
        grad_membrane: Gradient of an output.
        grad_current: Gradient of an output.
        grad_adaptation: Gradient of an output.
        grad_input: Output: gradient of the input.
        grad_constants: Output: gradients of the constants per lane (row, lane).
        scratch: Memory of :func:`scratch_size` bytes in which ``before`` and ``events`` are computed again, block by
            block; 0 where they are given. Only for neurons that fire, without other terms, recordings and gradients of
            constants.
        threads: As there.
    """
