"""The analog mismatch of one chip: what two chips with equal registers do not share."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.facts.constants import MADC_LSB, NEURONS, STP_LSB
from bss2_emulator.facts.coordinates import QUADRANT
from bss2_emulator.silicon.imperfections import Imperfections
from bss2_emulator.silicon.mismatch import draw

FloatArray = NDArray[np.float64]


class Spread(NamedTuple):
    """How much a parameter varies over a chip.

    Attributes:
        sigma: Standard deviation on uncalibrated silicon, unit of the parameter.
        residual: Share that is left in ``calibrated`` fidelity.
        switch: The imperfection that it belongs to.
    """

    sigma: float
    residual: float
    switch: str


# Source: facts 6.1, 6.2, 10. Potentials in V: the sheet gives them in LSB of the membrane ADC. What is left of a
# potential refers to the potential as it is read, so the shares of its parts follow from leak .25, reset .18,
# threshold .30.
SPREADS: Final[dict[str, Spread]] = {
    "readout": Spread(9.5 * MADC_LSB, 0.15, "readout"),
    "leak_reset": Spread(19.6 * MADC_LSB, 0.18, "potentials"),  # common to leak and reset
    "leak": Spread(15.9 * MADC_LSB, 0.35, "potentials"),
    "reset": Spread(19.1 * MADC_LSB, 0.18, "potentials"),
    "threshold": Spread(10.7 * MADC_LSB, 0.38, "potentials"),
    "capacitance": Spread(0.03, 1.0, "capacitance"),
    "leak_conductance": Spread(0.12, 0.4, "tau_mem"),  # of the logarithm
    "reset_time": Spread(0.10, 1.0, "reset_time"),
    "tau_syn": Spread(0.20, 0.18, "tau_syn"),  # of the logarithm
    "gm": Spread(0.055, 0.35, "synin_strength"),  # of the code, within a quadrant
    "quadrant": Spread(0.20, 0.1, "quadrant_strength"),  # of the logarithm
    "synin_shift": Spread(115.0, 0.1, "synin_offset"),  # codes
    "synapse": Spread(0.06, 1.0, "synapse"),  # no source; behaviour 9 needs responses that differ by 5 to 15 %
    "comparator": Spread(0.20, 1.0, "comparator"),
    "exp_sharpness": Spread(0.10, 1.0, "exponential"),  # of the logarithm; nobody calibrates these and adaptation
    "exp_potential": Spread(10.7 * MADC_LSB, 1.0, "exponential"),
    "adapt_tau": Spread(0.20, 1.0, "adaptation"),  # of the logarithm, like a and b
    "adapt_a": Spread(0.15, 1.0, "adaptation"),
    "adapt_b": Spread(0.15, 1.0, "adaptation"),
    "adapt_leak": Spread(15.9 * MADC_LSB, 1.0, "adaptation"),
    "adapt_reference": Spread(15.9 * MADC_LSB, 1.0, "adaptation"),
    "coba": Spread(0.15, 0.3, "coba"),  # of the logarithm
    "reversal": Spread(15.9 * MADC_LSB, 0.3, "coba"),
    "icc": Spread(0.15, 0.3, "compartments"),  # of the logarithm
    "cadc_channel_offset": Spread(10.0, 0.25, "cadc_offset"),  # LSB
    "cadc_quadrant_offset": Spread(8e-3, 0.1, "cadc_offset"),  # V
    "cadc_channel_gain": Spread(0.03, 0.25, "cadc_gain"),
    "cadc_quadrant_gain": Spread(0.05, 0.1, "cadc_gain"),
    "driver": Spread(1.0, 0.1, "driver_offset"),  # LSB of the activation
    "driver_parity": Spread(0.4, 0.1, "driver_offset"),  # even and odd drivers have their own bias
    "hagen_limit": Spread(5.0, 1.0, "saturation"),  # LSB
    "stp_amplitude": Spread(4.0 * STP_LSB, 0.1, "stp_amplitude"),  # of a full pulse
    "correlation_time": Spread(0.45, 0.6, "correlation"),  # of the logarithm
    "correlation_amplitude": Spread(0.60, 0.6, "correlation"),  # of the logarithm
}

CONDUCTANCE_LEAK_CORRELATION: Final = -0.4245  # of the leak's own part: -.25 of all of it
GM_CORRELATION: Final = 0.42  # excitatory and inhibitory, within a quadrant
CADC_CORRELATION: Final = 0.1  # causal and acausal channels


class Silicon:
    """Mismatch of the chip named ``serial``, a pure function of (serial, parameter, coordinate).

    Arrays hold deviations from the nominal chip: volts, relative deviations or factors as said at each property.

    Args:
        serial: Name of the chip, any text.
        fidelity: ``full``, ``calibrated`` (what calibration leaves) or ``ideal`` (nothing).
        imperfections: Switches; by default all are on.
    """

    def __init__(self, serial: str, fidelity: str = "full", imperfections: Imperfections | None = None) -> None:
        self.serial, self.fidelity = serial, fidelity
        self.imperfections = Imperfections.none() if fidelity == "ideal" else imperfections or Imperfections()

    def sigma(self, parameter: str) -> float:
        """Return the spread of a parameter on this chip, 0 where it is switched off."""
        spread = SPREADS[parameter]
        if not getattr(self.imperfections, spread.switch):
            return 0.0
        return spread.sigma * (spread.residual if self.fidelity == "calibrated" else 1.0)

    def offsets(self, parameter: str, *shape: int) -> FloatArray:
        """Return what a parameter is off by, in its unit; the default shape is (512,)."""
        return self.sigma(parameter) * self._normal(parameter, *(shape or (NEURONS,)))

    def factors(self, parameter: str, *shape: int) -> FloatArray:
        """Return the factors of a parameter whose logarithm is spread; shape as for :meth:`offsets`."""
        return np.asarray(np.exp(self.offsets(parameter, *shape)))

    def _normal(self, name: str, *shape: int) -> FloatArray:
        return draw(self.serial, name, shape).astype(np.float64)

    @cached_property
    def readout_offset(self) -> FloatArray:
        """Volts that the readout amplifier of each neuron adds, (512,)."""
        return self.sigma("readout") * self._normal("readout", 512)

    @cached_property
    def leak_offset(self) -> FloatArray:
        """Volts, (512,)."""
        return self.sigma("leak_reset") * self._normal("leak_reset", 512) + self.sigma("leak") * self._normal(
            "leak", 512
        )

    @cached_property
    def reset_offset(self) -> FloatArray:
        """Volts, (512,)."""
        return self.sigma("leak_reset") * self._normal("leak_reset", 512) + self.sigma("reset") * self._normal(
            "reset", 512
        )

    @cached_property
    def threshold_offset(self) -> FloatArray:
        """Volts, (512,)."""
        return self.sigma("threshold") * self._normal("threshold", 512)

    @cached_property
    def capacitance(self) -> FloatArray:
        """Factors, (512,)."""
        return 1 + self.sigma("capacitance") * self._normal("capacitance", 512)

    @cached_property
    def leak_conductance(self) -> FloatArray:
        """Factors, (512,); correlated with the leak potential."""
        rho = CONDUCTANCE_LEAK_CORRELATION
        own = rho * self._normal("leak", 512) + np.sqrt(1 - rho**2) * self._normal("leak_conductance", 512)
        return np.asarray(np.exp(self.sigma("leak_conductance") * own))

    @cached_property
    def reset_time(self) -> FloatArray:
        """Factors, (512,)."""
        return 1 + self.sigma("reset_time") * self._normal("reset_time", 512)

    @cached_property
    def tau_syn(self) -> FloatArray:
        """Factors of (excitatory, inhibitory), (2, 512)."""
        return np.asarray(np.exp(self.sigma("tau_syn") * self._normal("tau_syn", 2, 512)))

    @cached_property
    def gm(self) -> FloatArray:
        """Factors of the code of (excitatory, inhibitory) strength, (2, 512)."""
        common, own = self._normal("gm_common", 512), self._normal("gm", 2, 512)
        mixed = math.sqrt(GM_CORRELATION) * common + math.sqrt(1 - GM_CORRELATION) * own
        return np.asarray(1 + self.sigma("gm") * mixed)

    @cached_property
    def quadrant_strength(self) -> FloatArray:
        """Factors of the synaptic strength of each neuron's quadrant, mean over quadrants 1, (512,).

        Four numbers may happen to be almost equal or far apart; their spread is kept within what every chip shows,
        15 to 35 % of uncalibrated strength (facts 9, behaviour 1).
        """
        z = self._normal("quadrant", 4)
        z -= z.mean()
        spread = float(z.std(ddof=1))
        z *= np.clip(spread, 0.97, 1.45) / spread
        factors = np.exp(self.sigma("quadrant") * z)
        return np.asarray((factors / factors.mean())[QUADRANT])

    @cached_property
    def synin_shift(self) -> FloatArray:
        """Codes by which the balanced bias of (excitatory, inhibitory) inputs is off, (2, 512)."""
        return self.sigma("synin_shift") * self._normal("synin_shift", 2, 512)

    @cached_property
    def synapse(self) -> NDArray[np.float32]:
        """Factors of the weight of each synapse, (2, 256, 256)."""
        strength = draw(self.serial, "synapse", (2, 256, 256))
        strength *= np.float32(self.sigma("synapse"))
        strength += np.float32(1)
        strength.setflags(write=False)
        return strength

    @cached_property
    def comparator(self) -> FloatArray:
        """Factors of the latency, (512,)."""
        return np.asarray(np.maximum(1 + self.sigma("comparator") * self._normal("comparator", 512), 0.1))

    @cached_property
    def cadc_offset(self) -> FloatArray:
        """LSB of (hemisphere, causal or acausal, column), (2, 2, 256)."""
        common, own = self._normal("cadc_common", 2, 1, 256), self._normal("cadc_channel_offset", 2, 2, 256)
        mixed = math.sqrt(CADC_CORRELATION) * common + math.sqrt(1 - CADC_CORRELATION) * own
        return np.asarray(self.sigma("cadc_channel_offset") * mixed)

    @cached_property
    def cadc_start(self) -> FloatArray:
        """Volts of each quadrant, (4,)."""
        return self.sigma("cadc_quadrant_offset") * self._normal("cadc_quadrant_offset", 4)

    @cached_property
    def cadc_gain(self) -> FloatArray:
        """Factors of (hemisphere, causal or acausal, column), (2, 2, 256)."""
        quadrant = 1 + self.sigma("cadc_quadrant_gain") * self._normal("cadc_quadrant_gain", 4)
        channel = 1 + self.sigma("cadc_channel_gain") * self._normal("cadc_channel_gain", 2, 2, 256)
        return np.asarray(channel * np.repeat(quadrant.reshape(2, 1, 2), 128, axis=2))

    @cached_property
    def driver_offset(self) -> FloatArray:
        """LSB of the activation that each driver adds, (2, 128); even and odd drivers share a part."""
        parity = self.sigma("driver_parity") * np.where(self._normal("driver_parity", 2, 1) < 0, -1.0, 1.0)
        own = self.sigma("driver") * self._normal("driver", 2, 128)
        return np.asarray(own + parity * np.where(np.arange(128) % 2 == 0, 1.0, -1.0))

    @cached_property
    def hagen_limit(self) -> FloatArray:
        """LSB by which the inhibitory limit of each column is off, (512,)."""
        return self.sigma("hagen_limit") * self._normal("hagen_limit", 512)

    @cached_property
    def stp_amplitude(self) -> FloatArray:
        """Share of a full pulse that each driver adds under short-term plasticity, (2, 128)."""
        return self.sigma("stp_amplitude") * self._normal("stp_amplitude", 2, 128)

    @cached_property
    def correlation_time(self) -> NDArray[np.float32]:
        """Factors of the time constants of (causal, acausal) sensors: sensor, hemisphere, row, column."""
        return self._factors("correlation_time", 2, 2, 256, 256)

    @cached_property
    def correlation_amplitude(self) -> NDArray[np.float32]:
        """Factors of the amplitudes of (causal, acausal) sensors, (2, 2, 256, 256)."""
        return self._factors("correlation_amplitude", 2, 2, 256, 256)

    def _factors(self, parameter: str, *shape: int) -> NDArray[np.float32]:
        return np.asarray(np.exp(np.float32(self.sigma(parameter)) * draw(self.serial, parameter, shape)))
