"""Signals do not wait for the end of a long product."""

import signal

import pytest
import torch

import hxtorch.perceptron as hxp


@pytest.mark.parametrize("mock", [True, False])
def test_handlers_run_while_a_product_runs(ideal, mock):
    activations, weights = torch.full((4000, 1024), 3.0), torch.ones(1024, 1024)
    handled = []
    before = signal.signal(signal.SIGVTALRM, lambda *_: handled.append(1))
    signal.setitimer(signal.ITIMER_VIRTUAL, 1e-3, 1e-3)
    try:
        hxp.matmul(activations, weights, mock=mock)
        count = len(handled)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert count >= 3  # where nobody asks all of them are one, at the end
