"""Integration of recurrent neurons over time and its adjoint. Arrays are given by their addresses, 0 for none."""

PADDING: int
"""Rows of the weights are padded to multiples of it."""

ROWS_OF_WORK: int
"""Rows of the working memory, each as long as a step."""

def forward(
    double: bool,
    full: bool,
    steps: int,
    batch: int,
    size: int,
    width: int,
    constants: int,
    weight: int,
    padded: int,
    spikes_hw: int,
    membrane_hw: int,
    adaptation_hw: int,
    work: int,
    lists: int,
    input: int,
    spikes: int,
    membrane: int,
    current: int,
    adaptation: int,
    before: int,
    events: int,
    threads: int,
) -> None:
    """Integrate ``size`` neurons for ``steps`` steps, for each entry of the batch.

    Args:
        double: Whether numbers are float64, else float32.
        full: Whether the neurons have exponential and adaptation terms.
        steps: Length of the arrays over time.
        batch: Number of entries, which know nothing of each other.
        size: Number of neurons.
        width: Length of a row of the constants: one for each neuron of each entry, or 1 for all of them, which is
            for neurons without other terms, recordings and gradients of constants.
        constants: (row, width), rows as in :mod:`hxtorch.spiking.functional.steps.constants`.
        weight: What a spike adds to the input of the next step (source, target), rows padded by zeros.
        padded: Length of such a row, a multiple of PADDING.
        spikes_hw: Recorded spikes (step, entry, neuron).
        membrane_hw: Recorded membranes.
        adaptation_hw: Recorded adaptation.
        work: Memory for (ROWS_OF_WORK, entry, neuron) numbers.
        lists: Memory for (entry, neuron) numbers, int32.
        input: Weighted spikes from elsewhere (step, entry, neuron).
        spikes: Output (step, entry, neuron).
        membrane: Output.
        current: Output.
        adaptation: Output.
        before: Output: membrane before the reset, relative to the rest.
        events: Output: 1 where a neuron spiked, 2 where it was refractory, uint8.
        threads: How many to use at most.
    """

def backward(
    double: bool,
    full: bool,
    steps: int,
    batch: int,
    size: int,
    width: int,
    constants: int,
    weight: int,
    padded: int,
    membrane_hw: int,
    work: int,
    lists: int,
    spikes: int,
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
        double: As there.
        full: As there.
        steps: As there.
        batch: As there.
        size: As there.
        width: As there.
        constants: As there.
        weight: The other way round, (target, source).
        padded: As there.
        membrane_hw: As there.
        work: As there.
        lists: As there.
        spikes: What it put out.
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
        grad_constants: Added to: gradients of the constants per lane (row, entry, neuron).
        threads: As there.
    """
