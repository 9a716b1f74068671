"""Print the set in use of each package, and what the main loops give, one line each; see test_instructions.py."""

from collections.abc import Iterator
from dataclasses import astuple, is_dataclass
from itertools import product
from typing import Any

import numpy as np
import registers
import threads_job
import torch

from bss2_emulator._kernels.native import instructions as emulator
from bss2_emulator.silicon.mismatch import draw
from hxtorch.perceptron._kernels.native import instructions as perceptron
from hxtorch.spiking._kernels.native import instructions as spiking
from hxtorch.spiking.functional.steps import integration
from hxtorch.spiking.functional.steps.constants import ROWS, Constants
from hxtorch.spiking.functional.steps.feedback import Recurrence
from hxtorch.spiking.functional.steps.loop import Terms
from hxtorch.spiking.functional.surrogates.derivatives import SURROGATES
from hxtorch.spiking.functional.synapses import events
from hxtorch.spiking.observables import HardwareObservables

SEEDS = (0, 1, 2, 4, 5, 8, 9, 14)  # of random registers: both precisions, all terms, writes, correlation
CONSTANTS = {
    "gain": 0.2, "keep": 0.8, "leakage": 0.9, "rest": 0.1, "start": 0.0, "reset": -0.1, "threshold": 0.7, "push": 0.4,
    "slope": 0.3, "onset": 0.8, "rate": 0.1, "pull": 0.2, "kick": 0.1, "refractory": 1.0,
}  # fmt: skip


def arrays(value: Any) -> Iterator[np.ndarray]:
    """Yield all numbers of a result."""
    if isinstance(value, torch.Tensor):
        yield value.detach().numpy()
    elif isinstance(value, tuple | list):
        for part in value:
            yield from arrays(part)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from arrays(astuple(value))
    elif isinstance(value, np.ndarray):
        yield value


def integrated(dtype: torch.dtype, full: bool, recurrent: bool, tuned: bool = True) -> list[torch.Tensor]:
    """Integration of neurons forwards and backwards, with each surrogate; constants have gradients if ``tuned``."""
    generator = torch.Generator().manual_seed(1)
    terms, size = Terms(True, full, full), 37
    found: list[torch.Tensor] = []
    for method in sorted(SURROGATES):
        absent = () if full else ("push", "rate", "pull", "kick")
        spread = 1 + 0.2 * torch.rand(len(CONSTANTS), size, generator=generator, dtype=torch.float64)
        values = dict(zip(CONSTANTS, spread, strict=True))
        constants = {
            name: (value * values[name] * (name not in absent)).to(dtype).requires_grad_(tuned and name in ROWS[:-1])
            for name, value in CONSTANTS.items()
        }
        constants["refractory"] = torch.ones(size, dtype=dtype)
        x = torch.rand(60, 21, size, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
        weight = (torch.randn(size, size, generator=generator, dtype=torch.float64) / 6).to(dtype).requires_grad_()
        feedback = {"feedback": Recurrence(weight)} if recurrent else {}
        out = integration.integrate(
            x, Constants(**constants), terms, HardwareObservables(), method=method, alpha=5.0, traces=True, **feedback
        )
        got = [part for part in out if isinstance(part, torch.Tensor)][: None if tuned else 1]
        sum((part * torch.rand(part.shape, generator=generator).to(dtype)).sum() for part in got).backward()
        leaves = [x, *([weight] if recurrent else []), *constants.values()]
        found += [*got, *(leaf.grad for leaf in leaves if leaf.grad is not None)]
    return found


def weighed(dtype: torch.dtype, graded: bool, sources: int) -> list[torch.Tensor]:
    """A product of sparse spikes and its gradients."""
    generator = torch.Generator().manual_seed(2)
    spikes = (torch.rand(300, sources, generator=generator) < 0.1).to(dtype)
    if graded:
        spikes = spikes * torch.rand(spikes.shape, generator=generator).to(dtype)
    spikes = spikes.requires_grad_()
    weight = torch.randn(77, sources, generator=generator).to(dtype).requires_grad_()
    out, _ = events.OPERATOR(spikes, weight)
    (out * torch.rand(out.shape, generator=generator).to(dtype)).sum().backward()
    return [out, spikes.grad, weight.grad]


def main() -> None:
    for package in (emulator, perceptron, spiking):
        print(package.__name__, package.in_use())
    print("mismatch", threads_job.digest(draw("any", "leak", (1000,))))
    for seed in SEEDS:
        print(f"registers {seed}", threads_job.digest(*arrays(registers.run_of(seed)[0])))
    for name, work in threads_job.WORK.items():
        print(name, work())
    for dtype, one, other in product((torch.float32, torch.float64), (False, True), (False, True)):
        print("integration", dtype, one, other, threads_job.digest(*arrays(integrated(dtype, one, other))))
        if other:
            for sources in (13, 130):
                print("spikes", dtype, one, sources, threads_job.digest(*arrays(weighed(dtype, one, sources))))
    for dtype in (torch.float32, torch.float64):
        print("integration of spikes", dtype, threads_job.digest(*arrays(integrated(dtype, False, False, False))))


if __name__ == "__main__":
    main()
