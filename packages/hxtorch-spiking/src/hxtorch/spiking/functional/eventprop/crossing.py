r"""Membranes of leaky integrators in continuous time: closed forms, and when they cross a threshold.

After the last event a membrane relative to its leak and its current follow

.. math::
    i(s) = i_0 e^{-s / \tau_s}, \qquad
    v(s) = v_0 e^{-s / \tau_m} + i_0 \frac{\tau_s}{\tau_m - \tau_s} \left(e^{-s / \tau_m} - e^{-s / \tau_s}\right),

written so that nothing is lost where the time constants are close to each other or equal.
"""

from __future__ import annotations

import torch
from torch import Tensor

_ITERATIONS = 100  # bisection alone takes 53


def response(span: Tensor, tau_mem: Tensor, tau_syn: Tensor) -> Tensor:
    """Return the membrane at ``span`` (s, any shape) after a current of 1, time constants broadcast with it."""
    gap = span * (1.0 / tau_syn - 1.0 / tau_mem).abs()
    shape = torch.where(gap == 0, 1.0, -torch.expm1(-gap) / torch.where(gap == 0, 1.0, gap))
    return span / tau_mem * torch.exp(-span / torch.maximum(tau_mem, tau_syn)) * shape


def propagate(v: Tensor, i: Tensor, span: Tensor, tau_mem: Tensor, tau_syn: Tensor) -> tuple[Tensor, Tensor]:
    """Return membrane and current ``span`` seconds later; all shapes broadcast, ``v`` is relative to the leak."""
    later = v * torch.exp(-span / tau_mem) + i * response(span, tau_mem, tau_syn)
    return later, i * torch.exp(-span / tau_syn)


def peak_time(v: Tensor, i: Tensor, tau_mem: Tensor, tau_syn: Tensor) -> Tensor:
    """Return the seconds until a rising membrane turns, infinity for one that rises for ever.

    Args:
        v: Membrane relative to the leak, less than ``i``.
        i: Current, positive.
        tau_mem: Seconds, as ``tau_syn``.
        tau_syn: Seconds, shapes broadcast.
    """
    excess = tau_mem / tau_syn - 1.0
    share = v / i
    scale = 1.0 + share * excess  # without a positive one the membrane comes from so far below that it never turns
    ratio = excess * (1.0 - share) / torch.where(scale > 0, scale, 1.0)
    equal = excess == 0
    span = torch.where(equal, 1.0 - share, torch.log1p(ratio) / torch.where(equal, 1.0, excess))
    return torch.where(scale > 0, tau_mem * span, torch.inf)


def first_crossing(
    v: Tensor, i: Tensor, span: Tensor, threshold: Tensor, tau_mem: Tensor, tau_syn: Tensor
) -> tuple[Tensor, Tensor]:
    """Find the first upward crossing of the threshold.

    A membrane below its threshold has at most one, between now and its peak, where it only rises: a bracket in which
    Newton's method, with bisection where it leaves the bracket, cannot fail.

    Args:
        v: Membranes relative to the leak, below the threshold, float64, any shape.
        i: Currents, same shape.
        span: Seconds to look ahead, same shape; infinity for ever.
        threshold: Relative to the leak, positive; its shape and those below expand to that of ``v``.
        tau_mem: Seconds.
        tau_syn: Seconds.

    Returns:
        Whether there is a crossing, and the seconds until it (0 where there is none).
    """
    found = (i > threshold) & (span > 0)
    if not bool(found.any()):
        return found, torch.zeros_like(v)
    v, i, span, threshold, tau_mem, tau_syn = (
        value.expand(v.shape)[found] for value in (v, i, span, threshold, tau_mem, tau_syn)
    )
    high = torch.minimum(span, peak_time(v, i, tau_mem, tau_syn))
    ever = high.isfinite() & (propagate(v, i, high, tau_mem, tau_syn)[0] > threshold)
    seconds = torch.zeros_like(high)
    seconds[ever] = _root(*(value[ever] for value in (v, i, high, threshold, tau_mem, tau_syn)))
    crosses = found.clone()
    crosses[found] = ever
    delay = torch.zeros(found.shape, dtype=high.dtype, device=high.device)
    delay[found] = seconds
    return crosses, delay


def _root(v: Tensor, i: Tensor, high: Tensor, threshold: Tensor, tau_mem: Tensor, tau_syn: Tensor) -> Tensor:
    """Return where rising membranes (crossing,) reach the threshold in (0, high)."""
    low = torch.zeros_like(high)
    at = torch.minimum(0.5 * high, tau_mem * (threshold - v) / (i - v))
    for _ in range(_ITERATIONS):
        v_at, i_at = propagate(v, i, at, tau_mem, tau_syn)
        above = v_at >= threshold
        low, high = torch.where(above, low, at), torch.where(above, at, high)
        step = tau_mem * (threshold - v_at) / (i_at - v_at)
        inside = (at + step > low) & (at + step < high)  # false for NaN too
        new = torch.where(inside, at + step, 0.5 * (low + high))
        exact = (v_at - threshold).abs() <= 1e-15 * (threshold + v.abs())  # as good as rounding allows
        done = exact | ((new - at).abs() <= 1e-15 * at)
        at = torch.where(exact, at, new)
        if bool(done.all()):
            break
    return at
