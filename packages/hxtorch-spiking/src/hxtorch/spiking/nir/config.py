"""How graphs in NIR and networks for the chip belong together."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from difflib import get_close_matches
from os import PathLike
from typing import Any

import torch

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional.surrogates.threshold import Surrogate

_CPU = torch.device("cpu")
_POSITIVE = (
    "dt", "acceleration", "data_acceleration", "weight_scale", "readout_range", "refractory_time", "tau_mem", "alpha",
)  # fmt: skip


@checked
@dataclass
class ConversionConfig:
    """Units of a graph, and the operating point of the chip. Fields may be set after construction.

    Attributes:
        dt: Step of the numerics in seconds of the chip.
        calib_path: Of the experiment that is made if none is given.
        weight_scale: LSB of a weight of one model unit, for a membrane time constant of 10 us; for others it follows
            the time constant, as the chip's membrane does.
        trace_scale: Model units of one CADC LSB, or None for a scale of each neuron, by which the way from its leak to
            its threshold takes as many LSB as from ``leak_lsb`` to ``threshold_lsb``. Neurons whose potentials the chip
            does not reach with a number take a scale of their own, and a warning says so.
        trace_shift: LSB that are taken from a trace beyond those that bring the leak to where the graph has it.
        cadc_recording: Record membranes by the column ADC.
        mock: Of the experiment that is made if none is given.
        input_loopback: Record which input spikes arrived on the chip, in the experiment that is made if none is given.
        device: Where the parameters of the network are.
        acceleration: Seconds of the graph per second of the chip: 1000 for graphs in biological time, 1 for graphs in
            the time of the chip. Times of graphs are divided by it on import and multiplied on export.
        data_acceleration: As ``acceleration``, but for NIR data, whose times are seconds of the chip by default.
        unit_jump: How much a spike steps a synaptic current: False for ``w_in dt / tau_syn``, as the equations of NIR
            say for a spike of one step; True for ``w_in``, as libraries do whose currents jump by the weight.
        leak_lsb, reset_lsb, threshold_lsb: CADC LSB (raw) of ``v_leak``; of a reset at ``v_leak``; and of
            ``v_threshold`` if ``trace_scale`` is None.
        readout_range: Model units of a neuron without threshold that cover as many LSB as the threshold of others, if
            ``trace_scale`` is None.
        i_synin_gm, synapse_dac_bias, membrane_capacitance: Register codes of the operating point.
        refractory_time: Seconds on the chip, for neurons whose model has none.
        tau_syn: Seconds on the chip: the synaptic time constant of neurons whose model has none, ``LIF``, ``LI`` and
            ``IF``, so that a spike moves the membrane as far in the end, but not at once. None for one step in mock
            mode, by which the numerics have no synaptic time constant either; a chip refuses such neurons then.
        tau_mem: Seconds on the chip in which a current of 1 moves the membrane of an ``IF`` by 1. It decides which
            currents such a neuron needs, not what it does.
        sparse_below: Weights with at most this fraction of values other than zero take synapses only where these are.
        method, alpha: Surrogate derivative, see :func:`~hxtorch.spiking.functional.threshold`.

    Raises:
        ParameterError: A value is out of range.
    """

    dt: float = 1e-6
    calib_path: str | PathLike[str] | None = None
    weight_scale: float = 64.0
    trace_scale: float | None = 1 / 50
    trace_shift: float = 0.0
    cadc_recording: bool = True
    mock: bool = True
    input_loopback: bool = True
    device: torch.device = _CPU
    acceleration: float = 1000.0
    data_acceleration: float = 1.0
    unit_jump: bool = False
    leak_lsb: float = 80.0
    reset_lsb: float = 80.0
    threshold_lsb: float = 125.0
    readout_range: float = 1.0
    i_synin_gm: int = 500
    synapse_dac_bias: int = 600
    membrane_capacitance: int = 63
    refractory_time: float = 1e-6
    tau_syn: float | None = None
    tau_mem: float = 10e-6
    sparse_below: float = 0.5
    method: str | Surrogate = "superspike"
    alpha: float = 50.0

    def __post_init__(self) -> None:
        self.check()

    def __setattr__(self, name: str, value: Any) -> None:
        known = [entry.name for entry in fields(self)]
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise AttributeError(f"ConversionConfig has no field {name!r}{hint} Known: {', '.join(known)}")
        super().__setattr__(name, value)

    def check(self) -> None:
        """Check the values, which may have been set one by one.

        Raises:
            ParameterError: One is out of range.
        """
        for name in _POSITIVE:
            _positive(name, getattr(self, name))
        for name in ("tau_syn", "trace_scale"):
            if getattr(self, name) is not None:
                _positive(name, getattr(self, name), " or None")
        for name in ("trace_shift", "leak_lsb", "reset_lsb", "threshold_lsb", "sparse_below"):
            _number(name, getattr(self, name), "a finite number")
        if not self.leak_lsb < self.threshold_lsb:
            raise ParameterError(f"threshold_lsb: got {self.threshold_lsb}, wanted more than leak_lsb {self.leak_lsb}")

    @property
    def graph_step(self) -> float:
        """Step of the numerics in seconds of the graph."""
        return self.dt * self.acceleration

    @property
    def span_lsb(self) -> float:
        """LSB from the leak to the threshold, if ``trace_scale`` is None."""
        return self.threshold_lsb - self.leak_lsb


def _number(name: str, value: Any, wanted: str) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__") or not math.isfinite(float(value)):
        raise ParameterError(f"{name}: got {value!r}, wanted {wanted}")
    return float(value)


def _positive(name: str, value: Any, beside: str = "") -> None:
    wanted = f"a positive number{beside}"
    if not _number(name, value, wanted) > 0:
        raise ParameterError(f"{name}: got {value!r}, wanted {wanted}")


def legal_config(config: ConversionConfig | None) -> ConversionConfig:
    """Return ``config`` or the default.

    Raises:
        ParameterError: It is none, or a value in it is out of range.
    """
    if config is None:
        return ConversionConfig()
    if not isinstance(config, ConversionConfig):
        known = ", ".join(entry.name for entry in fields(ConversionConfig))
        raise ParameterError(f"cfg: got {type(config).__name__}, wanted a ConversionConfig of {known}")
    config.check()
    return config
