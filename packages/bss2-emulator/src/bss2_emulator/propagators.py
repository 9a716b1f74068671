"""Exact propagators of membranes and synaptic inputs over 1 to 8 cycles, as the kernel wants them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import constants as c
from bss2_emulator._kernels.lif import LAYOUT
from bss2_emulator.imperfections import Imperfections
from bss2_emulator.neurons import NeuronPhysics
from bss2_emulator.silicon import FloatArray

STEP = LAYOUT["step"]
LANES = LAYOUT["lanes"]  # arrays over neurons are padded to whole vectors


@dataclass(frozen=True, eq=False)
class Tables:
    """Constants of the active neurons.

    Attributes:
        rows: (tables, width) in the kernel's layout and precision.
        scale: Synaptic state per event of weight 1, (2, width); the state is the current over its saturation.
        reset_cycles, refractory_cycles: int32 (width,).
    """

    rows: np.ndarray
    scale: np.ndarray
    reset_cycles: NDArray[np.int32]
    refractory_cycles: NDArray[np.int32]


def padded(values: np.ndarray, fill: float = 0) -> np.ndarray:
    """Pad the last axis to a multiple of the vector length, at least one vector."""
    missing = max(-values.shape[-1] % LANES, LANES if values.shape[-1] == 0 else 0)
    if not missing:
        return np.ascontiguousarray(values)
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)], constant_values=fill)


def drive(t: FloatArray, tau_mem: FloatArray, tau_syn: FloatArray, capacitance: FloatArray) -> FloatArray:
    """Return the volts after time ``t`` per ampere of a synaptic current that decays from there, any broadcast shape.

    Two exponentials over the difference of their rates, written so that equal time constants are no exception.
    """
    z = t * (1 / tau_syn - 1 / tau_mem)
    z = np.where(np.abs(z) < 1e-9, 1e-9, z)
    return np.asarray(t / capacitance * np.exp(-t / tau_syn) * np.expm1(z) / z)


def neuron_tables(physics: NeuronPhysics, active: NDArray[np.int64], switches: Imperfections, dtype: type) -> Tables:
    """Build the tables of the ``active`` neurons (flat array of n)."""
    capacitance, leak = physics.capacitance[active], physics.leak[active]
    held = physics.held[active]
    saturation = np.array([[c.SATURATION_EXC], [c.SATURATION_INH]])
    t: FloatArray = np.arange(1, STEP + 1, dtype=np.float64)[:, None] * c.CYCLE
    rows = np.zeros((LAYOUT["tables"], len(active)))

    def put(name: str, values: FloatArray, mode: int = 0) -> None:
        values = np.atleast_2d(values)
        at = LAYOUT[name] + mode * len(values)
        rows[at : at + len(values)] = values

    resting = leak * physics.leak_potential[active] + physics.current[active]
    late = []
    for mode in (0, 1):
        pull = physics.reset[active] * mode
        tau_mem = capacitance / (leak + pull)
        put("decay", np.exp(-t / tau_mem), mode)
        put("rest", (resting + pull * physics.reset_potential[active]) / (leak + pull), mode)
        put("shift", c.RUN_OFFSET * switches.run_offset * ~held * leak / (leak + pull), mode)
        for sign, name in enumerate(("drive_exc", "drive_inh")):
            volts = drive(t, tau_mem, physics.tau_syn[sign, active], capacitance)
            volts *= saturation[sign] * physics.connected[sign, active]
            put(name, volts, mode)
            if mode == 0:
                late.append(volts)
    for sign, kind in enumerate(("exc", "inh")):
        decay = np.exp(-t / physics.tau_syn[sign, active])
        jump = decay / decay[-1]
        put(f"syn_{kind}", decay)
        put(f"jump_{kind}", jump)
        put(f"late_{kind}", late[sign] - jump * late[sign][-1])

    rate = STEP * c.CYCLE * leak / capacitance
    block = LAYOUT["noise_steps"]  # steps that share a number: a current that is constant in between
    put("noise", c.MEMBRANE_NOISE * switches.membrane_noise * _block_noise(rate, block))
    put("start", c.MEMBRANE_NOISE * switches.membrane_noise * ~held)
    put("origin", np.where(held, rows[LAYOUT["rest"] + 1] - rows[LAYOUT["rest"]], 0))
    put("threshold", physics.threshold[active])
    put("latency", physics.latency[active] / c.CYCLE)

    rows = padded(rows)
    rows[LAYOUT["threshold"], len(active) :] = np.inf
    rows[LAYOUT["syn_exc"] : LAYOUT["jump_exc"], len(active) :] = 1
    return Tables(
        rows=rows.astype(dtype),
        scale=padded(physics.event_current[:, active] / saturation).astype(dtype, order="C"),
        reset_cycles=padded(physics.reset_cycles[active], 1),
        refractory_cycles=padded(physics.refractory_cycles[active], 1),
    )


def _block_noise(rate: FloatArray, block: int) -> FloatArray:
    """Return the rms per step of a noise that is constant over ``block`` steps and gives the membrane unit rms."""
    return np.asarray(np.sqrt(-np.expm1(-2 * block * rate)) * np.expm1(-rate) / np.expm1(-block * rate))
