"""torch decides how many threads a run takes: kernels and chips follow ``torch.set_num_threads``."""

from __future__ import annotations

import os

import torch

from hxtorch.core import set_thread_source


def obey_torch() -> None:
    """Have backends ask torch for the number of threads; forked children run on one, like workers of a DataLoader."""
    set_thread_source(torch.get_num_threads)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    torch.set_num_threads(1)  # torch's own threads did not come along, and it would wait for them
