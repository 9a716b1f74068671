"""Products of spikes with weights that only look at spikes. Arrays are given by their addresses.

Common arguments: ``double``, whether numbers are float64, else float32; ``rows`` of ``sources`` spikes each; number of
``targets``; ``spikes`` (row, source); ``bits``, uint64 (row, words), one bit per source, 64 to a word; ``graded``,
whether spikes have other values than 0 and 1; how many ``threads`` to use at most.
"""

PARTS_OF_ROWS: int
"""Parts in which rows are summed, whatever the number of threads."""

PADDING: int
"""Rows of weights are filled up to multiples of so many numbers."""

def find(double: bool, rows: int, sources: int, spikes: int, bits: int, threads: int) -> tuple[int, bool]:
    """Write the bits of spikes, and in two more words what is returned: their number, and whether some are graded."""

def weigh_spikes(
    double: bool,
    rows: int,
    sources: int,
    targets: int,
    spikes: int,
    bits: int,
    graded: bool,
    weights: int,
    tiles: int,
    output: int,
    threads: int,
) -> None:
    """Write the product (row, target) of spikes with ``weights`` (target, source) to ``output``.

    ``tiles`` is memory for as many weights, targets filled up to a multiple of :data:`PADDING`. Without ``bits``, at 0,
    all numbers are weighed; the bytes are the same.
    """

def list_size(rows: int, sources: int, number: int) -> int:
    """Return how many bytes of memory lists of ``number`` spikes take."""

def collect_weights(
    double: bool,
    rows: int,
    sources: int,
    targets: int,
    spikes: int,
    bits: int,
    graded: bool,
    grad_output: int,
    sums: int,
    by_rows: bool,
    room: int,
    number: int,
    threads: int,
) -> None:
    """Write the gradient of the weights, from ``grad_output`` (row, target), to ``sums``.

    ``sums`` is (source, target), or (part, source, target) if ``by_rows``, which is for few weights. Without ``bits``,
    at 0, the product is dense, and ``sums`` are (target, source) or (part, target, source); the bytes are the same.
    ``room`` is memory of :func:`list_size`, where threads find ``number`` spikes that one of them listed; 0 for none.
    """

def spread_gradient(
    double: bool,
    rows: int,
    sources: int,
    targets: int,
    grad_output: int,
    weights: int,
    grad_input: int,
    threads: int,
) -> None:
    """Write the product (row, source) of ``grad_output`` with ``weights`` (target, source).

    Rows of the weights are filled up to multiples of :data:`PADDING`.
    """
