"""Runs WORK in the parent, then as each scenario says, with the same result: ``threads_job.py SCENARIO,... WORK...``.

Parent and kernels have four threads each before anybody forks, whatever the machine has. A process that hangs is
ended by the test that started this one.
"""

import hashlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import bss2_emulator
import hxtorch
import hxtorch.perceptron as hxann
import hxtorch.spiking as hxsnn
from hxtorch.core import open_session


def digest(*arrays: object) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


def emulator() -> str:
    """Background noise of all neurons, with a batch."""
    batch, none = 16, np.zeros(0, np.int64)
    chip = bss2_emulator.Chip("forked")
    arguments = (bss2_emulator.ChipConfig(), 20_000, none, none.astype(np.uint16), np.zeros(batch + 1, np.int64))
    run = chip.run_spiking(*arguments, cadc_neurons=range(512))
    return digest(*(samples.values for samples in run.cadc))


def spiking(mock: bool) -> str:
    """One step of training, wide enough for all kernels to wake their threads."""
    generator = torch.Generator().manual_seed(0)
    experiment = hxsnn.Experiment(mock=mock, dt=1e-6)
    synapse = hxsnn.Synapse(40, 100, experiment=experiment)
    with torch.no_grad():
        synapse.weight.copy_(20 * torch.rand(synapse.weight.shape, generator=generator))
    neuron = hxsnn.Neuron(100, experiment=experiment)
    inputs = (torch.rand(50, 32, 40, generator=generator) < 0.05).float()
    out = neuron(synapse(hxsnn.NeuronHandle(inputs)))
    hxsnn.run(experiment, 50)
    out.spikes.sum().backward()
    return digest(out.spikes.detach().numpy(), synapse.weight.grad.numpy())


def perceptron(mock: bool) -> str:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 32, (64, 784), generator=generator).float()
    w = torch.randint(-63, 64, (784, 128), generator=generator).float()
    torch.manual_seed(0)
    return digest(hxann.matmul(x, w, mock=mock).numpy())


def on_chip(work: Callable[[bool], str]) -> str:
    with open_session(serial="forked", fidelity="ideal"):
        return work(False)


WORK: dict[str, Callable[[], str]] = {
    "emulator": emulator,
    "spiking in the loop": lambda: on_chip(spiking),
    "spiking in mock mode": lambda: spiking(True),
    "perceptron on the chip": lambda: on_chip(perceptron),
    "perceptron in mock mode": lambda: perceptron(True),
}


class Samples(Dataset):
    """Each sample is a run."""

    def __init__(self, work: str) -> None:
        self.work = work

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> str:
        return WORK[self.work]()


def fork(work: str) -> list[str]:
    """Only fork, as a script does that knows nothing of libraries."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, WORK[work]().encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        found = [pipe.read()]
    os.waitpid(child, 0)
    return found


def processes(method: str) -> Callable[[str], list[str]]:
    def run(work: str) -> list[str]:
        with multiprocessing.get_context(method).Pool(2) as pool:
            return pool.map(of_process, [work] * 4)

    return run


def of_process(work: str) -> str:
    return WORK[work]()


def loader(work: str) -> list[str]:
    return list(DataLoader(Samples(work), batch_size=None, num_workers=2))


def threads(work: str) -> list[str]:
    """Several threads of Python at once."""
    found: list[str] = []
    running = [threading.Thread(target=lambda: found.append(WORK[work]())) for _ in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return found


def fork_beside_a_run(work: str) -> list[str]:
    """Fork while another thread holds the chip of the process, the pool and whatever else."""
    hxtorch.init_hardware_minimal()
    stop = threading.Event()

    def keep_busy() -> None:
        session = hxtorch.core.current_session()
        with session.lock:
            while not stop.is_set():
                emulator()

    thread = threading.Thread(target=keep_busy)
    thread.start()
    try:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with hxtorch.core.current_session().lock:
                os.write(writing, WORK[work]().encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            found = [pipe.read()]
        os.waitpid(child, 0)
    finally:
        stop.set()
        thread.join()
        hxtorch.release_hardware()
    return found


SCENARIOS: dict[str, Callable[[str], list[str]]] = {
    "fork": fork,
    "processes by fork": processes("fork"),
    "processes by spawn": processes("spawn"),
    "workers of a DataLoader": loader,
    "threads": threads,
    "fork beside a run": fork_beside_a_run,
}


def main(scenarios: str, *works: str) -> None:
    torch.set_num_threads(4)
    _ = torch.rand(2000, 500) @ torch.rand(500, 500) + 1  # torch's own threads are awake
    if scenarios == "threads":  # which share torch's generator: who seeds it beside others draws numbers of theirs, too
        hxann.set_mock_parameter(hxann.MockParameter(noise_std=0.0))
    for work in works:
        before = WORK[work]()
        for scenario in scenarios.split(","):
            found = SCENARIOS[scenario](work)
            if not found or set(found) != {before}:
                raise SystemExit(f"{work}, {scenario}: got {found}, wanted {before}")
            if WORK[work]() != before:
                raise SystemExit(f"{work}: another result after {scenario}")


if __name__ == "__main__":
    main(*sys.argv[1:])
