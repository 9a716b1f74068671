"""Exact propagators of membranes and synaptic inputs over 1 to 8 cycles, as the kernel wants them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.plan import LAYOUT
from bss2_emulator.facts import constants as c
from bss2_emulator.neurons.compartments import Membranes
from bss2_emulator.neurons.exchange import coupled_groups, settled
from bss2_emulator.neurons.response import drive
from bss2_emulator.neurons.tables import fill_terms
from bss2_emulator.silicon.serial import FloatArray, Silicon

STEP = LAYOUT["step"]
LANES = LAYOUT["lanes"]  # arrays over neurons are padded to whole vectors


@dataclass(frozen=True, eq=False)
class Tables:
    """Constants of the active neurons.

    Attributes:
        rows: (tables, width) in the kernel's layout and precision.
        columns: The same as (width, tables), or (1, tables) where all neurons have the same constants.
        scale: Synaptic state per event of weight 1, A, (2, width).
        reset_cycles, refractory_cycles: int32 (width,).
    """

    rows: np.ndarray
    columns: np.ndarray
    scale: np.ndarray
    reset_cycles: NDArray[np.int32]
    refractory_cycles: NDArray[np.int32]


def padded_width(count: int) -> int:
    """Return the length of an array over ``count`` neurons with padding."""
    return max(-(-count // LANES), 1) * LANES


def padded(values: np.ndarray, fill: float = 0) -> np.ndarray:
    """Pad the last axis to a multiple of the vector length, at least one vector."""
    missing = padded_width(values.shape[-1]) - values.shape[-1]
    if not missing:
        return np.ascontiguousarray(values)
    out = np.full((*values.shape[:-1], values.shape[-1] + missing), fill, values.dtype)
    out[..., : values.shape[-1]] = values
    return out


def neuron_tables(membranes: Membranes, active: NDArray[np.int64], silicon: Silicon, dtype: type) -> Tables:
    """Build the tables of the ``active`` neurons, flat array of n in the order of the kernel."""
    physics = membranes.physics
    capacitance, leak = physics.capacitance[active], physics.leak[active]
    held = physics.held[active]
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
        own = leak * membranes.share[active]
        put("shift", ~held * own / (leak + pull), mode)
        for sign, name in enumerate(("drive_exc", "drive_inh")):
            volts = drive(t, tau_mem, physics.tau_syn[sign, active], capacitance)
            volts *= physics.connected[sign, active]
            put(name, volts, mode)
            if mode == 0:
                late.append(volts)
    for sign, kind in enumerate(("exc", "inh")):
        decay = np.exp(-t / physics.tau_syn[sign, active])
        jump = decay / decay[-1]
        put(f"syn_{kind}", decay)
        put(f"jump_{kind}", jump)
        put(f"late_{kind}", late[sign] - jump * late[sign][-1])
        for name in ("jump", "late"):  # events of an input that is bypassed fire, and leave no current
            at = LAYOUT[f"{name}_{kind}"]
            rows[at : at + STEP, physics.bypassed[sign, active]] = 0

    rate = STEP * c.CYCLE * leak / capacitance
    block = LAYOUT["noise_steps"]  # steps that share a number: a current that is constant in between
    noise = (
        silicon.mean("membrane_noise") * silicon.imperfections.membrane_noise / membranes.circuits[active]
    )  # independent ones
    put("noise", noise * _block_noise(rate, block))
    put("start", noise * ~held)
    put("crossing", physics.threshold[active])
    put("threshold", physics.threshold[active])
    for sign, name in enumerate(("line_exc", "line_inh")):
        put(name, silicon.mean("line_drop") / np.maximum(physics.line_current[sign, active], 1e-30))
    if membranes.kind[active].any():
        fill_terms(rows, membranes, active, silicon)
    rest = rows[LAYOUT["rest"] : LAYOUT["rest"] + 2]
    put("origin", settled(membranes, active, rest, held) - rest[0])
    for places, _ in coupled_groups(membranes, active):  # compared after the exchange
        rows[LAYOUT["threshold"], places] = np.inf
    put("latency", physics.latency[active] / c.CYCLE)

    rows = padded(rows)
    rows[LAYOUT["threshold"], len(active) :] = np.inf
    rows[LAYOUT["crossing"], len(active) :] = np.inf
    rows[LAYOUT["syn_exc"] : LAYOUT["jump_exc"], len(active) :] = 1
    rows = rows.astype(dtype)
    bits = rows.view(f"u{rows.itemsize}")
    alike = (bits[:, : len(active)] == bits[:, :1]).all()
    return Tables(
        rows=rows,
        columns=np.ascontiguousarray(rows[:, :1].T if alike else rows.T),
        scale=padded(physics.event_current[:, active]).astype(dtype, order="C"),
        reset_cycles=padded(physics.reset_cycles[active], 1),
        refractory_cycles=padded(physics.refractory_cycles[active], 1),
    )


def _block_noise(rate: FloatArray, block: int) -> FloatArray:
    """Return the rms per step of a noise that is constant over ``block`` steps and gives the membrane unit rms."""
    return np.asarray(np.sqrt(-np.expm1(-2 * block * rate)) * np.expm1(-rate) / np.expm1(-block * rate))
