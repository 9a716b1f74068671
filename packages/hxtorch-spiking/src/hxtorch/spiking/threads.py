"""Kernels and chips take as many threads as ``torch.set_num_threads`` says, and torch's own where they can."""

from __future__ import annotations

import os

import torch

from hxtorch.core import find_thread_team, set_thread_source
from hxtorch.spiking._kernels.native.pool import join


def obey_torch() -> None:
    """Have backends ask torch for the number of threads; forked children run on one, like workers of a DataLoader."""
    team = find_thread_team(torch._C.__file__)
    if team is not None:
        join(*team)
    set_thread_source(torch.get_num_threads, team)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    torch.set_num_threads(1)  # torch's own threads did not come along, and it would wait for them
