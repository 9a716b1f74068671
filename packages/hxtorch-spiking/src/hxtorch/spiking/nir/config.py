"""How graphs in NIR and networks for the chip belong together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from os import PathLike

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional.surrogates.threshold import Surrogate


@dataclass(frozen=True)
class ConversionConfig:
    """Units of a graph, and the operating point of the chip.

    Attributes:
        dt: Step of the numerics in seconds of the chip.
        acceleration: Seconds of the graph per second of the chip; 1000 for graphs in biological time.
        unit_jump: How much a spike steps a synaptic current: False for ``w_in dt / tau_syn``, as the equations of NIR
            say for a spike of one step; True for ``w_in``, as libraries do whose currents jump by the weight.
        leak_lsb, reset_lsb, threshold_lsb: CADC LSB (raw) of ``v_leak``, of a reset at ``v_leak``, and of
            ``v_threshold`` on the chip.
        readout_range: Model units of a neuron without threshold that cover as many LSB as the threshold of others.
        weight_scale: LSB of a weight that steps the current by ``v_threshold - v_leak``.
        i_synin_gm, synapse_dac_bias, membrane_capacitance: Register codes of the operating point.
        refractory_time: Seconds on the chip, for neurons whose model has none.
        tau_syn: Seconds on the chip: the synaptic time constant of neurons whose model has none, ``LIF``, ``LI`` and
            ``IF``, so that a spike moves the membrane as far in the end, but not at once; None refuses such neurons.
            With ``tau_syn=dt`` the numerics have no synaptic time constant either.
        tau_mem: Seconds on the chip in which a current of 1 moves the membrane of an ``IF`` by 1. It decides which
            currents such a neuron needs, not what it does.
        sparse_below: Weights with at most this fraction of values other than zero take synapses only where these are.
        method, alpha: Surrogate derivative, see :func:`~hxtorch.spiking.functional.threshold`.
        mock: Of the experiment that is made if none is given.
        calib_path: Of the experiment that is made if none is given.

    Raises:
        ParameterError: A value is out of range.
    """

    dt: float = 1e-6
    acceleration: float = 1.0
    unit_jump: bool = False
    leak_lsb: float = 80.0
    reset_lsb: float = 80.0
    threshold_lsb: float = 125.0
    readout_range: float = 1.0
    weight_scale: float = 50.0
    i_synin_gm: int = 500
    synapse_dac_bias: int = 600
    membrane_capacitance: int = 63
    refractory_time: float = 1e-6
    tau_syn: float | None = None
    tau_mem: float = 10e-6
    sparse_below: float = 0.5
    method: str | Surrogate = "superspike"
    alpha: float = 50.0
    mock: bool = False
    calib_path: str | PathLike[str] | None = None

    def __post_init__(self) -> None:
        for name in ("dt", "acceleration", "readout_range", "weight_scale", "refractory_time", "tau_mem", "alpha"):
            if not getattr(self, name) > 0:
                raise ParameterError(f"{name}: got {getattr(self, name)}, wanted a positive number")
        if self.tau_syn is not None and not self.tau_syn > 0:
            raise ParameterError(f"tau_syn: got {self.tau_syn}, wanted a positive number or None")
        if not self.leak_lsb < self.threshold_lsb:
            raise ParameterError(f"threshold_lsb: got {self.threshold_lsb}, wanted more than leak_lsb {self.leak_lsb}")

    @property
    def graph_step(self) -> float:
        """Step of the numerics in seconds of the graph."""
        return self.dt * self.acceleration

    @property
    def span_lsb(self) -> float:
        """LSB from the leak to the threshold."""
        return self.threshold_lsb - self.leak_lsb


def legal_config(config: ConversionConfig | None) -> ConversionConfig:
    """Return ``config`` or the default.

    Raises:
        ParameterError: It is none.
    """
    if config is None:
        return ConversionConfig()
    if not isinstance(config, ConversionConfig):
        known = ", ".join(entry.name for entry in fields(ConversionConfig))
        raise ParameterError(f"config: got {type(config).__name__}, wanted a ConversionConfig of {known}")
    return config
