"""Threads that share one chip without a session's lock get what they would get one after the other."""

import copy
import os
import pickle
import threading

import numpy as np

from bss2_emulator import Chip, ChipConfig

CONFIGS = [ChipConfig(v_leak=500 + 20 * i, enable_leak=1) for i in range(6)]


def samples(chip, config):
    return chip.run_spiking(config, 20_000, cadc_neurons=range(512)).cadc[0].values


def test_runs_of_many_threads_are_those_of_one():
    chip, found = Chip("shared", "ideal"), {}
    wanted = [samples(Chip("shared", "ideal"), config) for config in CONFIGS]

    def work(i):
        found[i] = [samples(chip, CONFIGS[i]) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(CONFIGS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chip.run_counter == 30
    for i, runs in found.items():
        for run in runs:
            np.testing.assert_array_equal(run, wanted[i])


def test_copies_of_a_chip_that_has_run_go_on_like_it():
    chip = Chip("shared", "full")
    samples(chip, CONFIGS[0])
    copies = copy.deepcopy(chip), pickle.loads(pickle.dumps(chip))  # noqa: S301
    wanted = samples(chip, CONFIGS[1])
    for other in copies:
        np.testing.assert_array_equal(samples(other, CONFIGS[1]), wanted)


def test_copies_and_forked_children_do_not_wait_for_the_lock():
    chip = Chip("shared", "ideal")
    with chip._lock:
        other = threading.Thread(target=samples, args=(copy.deepcopy(chip), CONFIGS[0]))
        other.start()
        other.join()
    held, stop = threading.Event(), threading.Event()

    def hold():
        with chip._lock:
            held.set()
            stop.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    child = os.fork()
    if child == 0:
        samples(chip, CONFIGS[0])
        os._exit(0)
    stop.set()
    holder.join()
    assert os.waitpid(child, 0)[1] == 0
