"""torch decides how many threads a run takes: kernels and chips follow ``torch.set_num_threads``."""

from __future__ import annotations

import os

import torch

from hxtorch.core import set_thread_source
from hxtorch.perceptron._kernels.native import pool

_WAITING = frozenset(("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"))
"""Variables of the environment that say how long OpenMP's threads spin before they sleep."""


def obey_torch() -> None:
    """Have backends ask torch for the number of threads, and torch's threads leave processors to those of kernels.

    Forked children run on one, like workers of a DataLoader. Who has said how OpenMP's threads wait is obeyed.
    """
    set_thread_source(torch.get_num_threads)
    if _WAITING.isdisjoint(os.environ):
        pool.calm(torch._C.__file__)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    torch.set_num_threads(1)  # torch's own threads did not come along, and it would wait for them
