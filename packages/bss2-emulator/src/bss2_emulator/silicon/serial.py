"""The analog mismatch of one chip: what two chips with equal registers do not share."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.facts.constants import MAX_WEIGHT, NEURONS
from bss2_emulator.facts.coordinates import QUADRANT
from bss2_emulator.facts.sheet import SHEET, Sheet
from bss2_emulator.ground.cached import cached_property
from bss2_emulator.silicon.imperfections import Imperfections
from bss2_emulator.silicon.mismatch import draw

FloatArray = NDArray[np.float64]


class Silicon:
    """Mismatch of the chip named ``serial``, a pure function of (serial, parameter, coordinate).

    Arrays hold deviations from the nominal chip: volts, relative deviations or factors as said at each property.

    Args:
        serial: Name of the chip, any text.
        fidelity: ``full``, ``calibrated`` (what calibration leaves) or ``ideal`` (nothing).
        imperfections: Switches; by default all are on.
        sheet: What circuits are on average, and how they spread.
        temperature: Of the chip, degrees Celsius; None: that of the sheet.
    """

    def __init__(
        self,
        serial: str,
        fidelity: str = "full",
        imperfections: Imperfections | None = None,
        sheet: Sheet = SHEET,
        temperature: float | None = None,
    ) -> None:
        self.serial, self.fidelity, self.sheet = serial, fidelity, sheet
        usual = sheet.mean("temperature")
        self.temperature = usual if temperature is None else temperature
        self._warmer = 0.0 if fidelity == "ideal" else self.temperature - usual
        self.imperfections = Imperfections.none() if fidelity == "ideal" else imperfections or Imperfections()

    def sigma(self, parameter: str) -> float:
        """Return the spread of a parameter on this chip, 0 where it is switched off."""
        row = self.sheet.rows[parameter]
        if self.fidelity == "ideal" or (row.switch and not getattr(self.imperfections, row.switch)):
            return 0.0
        return row.spread * (row.calibrated if self.fidelity == "calibrated" else 1.0)

    def mean(self, parameter: str) -> float:
        """Return what a parameter is on average, in its unit."""
        return self.sheet.mean(parameter)

    def potential(self, parameter: str, reference: int, code: np.ndarray) -> FloatArray:
        """Return the volts of codes, which have the parameter's mean at the code ``reference``; without mismatch."""
        return np.asarray(self.mean(parameter) + (code.astype(np.float64) - reference) * self.mean(f"{parameter}_step"))

    def offsets(self, parameter: str, *shape: int) -> FloatArray:
        """Return what a parameter is off by, in its unit; the default shape is (512,)."""
        return self.sigma(parameter) * self._normal(parameter, *(shape or (NEURONS,)))

    def factors(self, parameter: str, *shape: int) -> FloatArray:
        """Return the factors of a parameter whose logarithm is spread; shape as for :meth:`offsets`."""
        return np.asarray(np.exp(self.offsets(parameter, *shape)))

    @property
    def _warm(self) -> float:
        """Volts by which the temperature moves all potentials."""
        return self.mean("temperature_potential") * self._warmer

    def _normal(self, name: str, *shape: int) -> FloatArray:
        return draw(self.serial, name, shape).astype(np.float64)

    def scale(self, name: str) -> float:
        """Return a factor that is common to a chip: its serial's own, and that of its temperature.

        Args:
            name: ``strength`` of synapses, ``gain`` of products beside it, ``leak_conductance`` or ``tau_syn``.
        """
        own = math.exp(self.sigma(f"serial_{name}") * float(self._normal(f"serial_{name}", 1)[0]))
        return own * max(1 + self.mean(f"temperature_{name}") * self._warmer, 0.1)

    @cached_property
    def readout_offset(self) -> FloatArray:
        """Volts that the readout amplifier of each neuron adds, (512,)."""
        return self.sigma("readout") * self._normal("readout", 512)

    @cached_property
    def leak_offset(self) -> FloatArray:
        """Volts, (512,)."""
        return self._warm + self.offsets("leak_reset") + self.offsets("leak")

    @cached_property
    def reset_offset(self) -> FloatArray:
        """Volts, (512,)."""
        return self._warm + self.offsets("leak_reset") + self.offsets("reset")

    @cached_property
    def threshold_offset(self) -> FloatArray:
        """Volts, (512,)."""
        return self._warm + self.offsets("threshold")

    @cached_property
    def capacitance(self) -> FloatArray:
        """Factors, (512,)."""
        return 1 + self.sigma("capacitance") * self._normal("capacitance", 512)

    @cached_property
    def leak_conductance(self) -> FloatArray:
        """Factors, (512,); correlated with the leak potential."""
        rho = self.sheet.correlation("leak_conductance")
        own = rho * self._normal("leak", 512) + np.sqrt(1 - rho**2) * self._normal("leak_conductance", 512)
        return np.asarray(self.scale("leak_conductance") * np.exp(self.sigma("leak_conductance") * own))

    @cached_property
    def reset_time(self) -> FloatArray:
        """Factors, (512,)."""
        return 1 + self.sigma("reset_time") * self._normal("reset_time", 512)

    @cached_property
    def tau_syn(self) -> FloatArray:
        """Factors of (excitatory, inhibitory), (2, 512)."""
        return np.asarray(self.scale("tau_syn") * self.factors("tau_syn", 2, 512))

    @cached_property
    def gm(self) -> FloatArray:
        """Factors of the code of (excitatory, inhibitory) strength, (2, 512)."""
        common, own = self._normal("gm_common", 512), self._normal("gm", 2, 512)
        rho = self.sheet.correlation("gm")
        mixed = math.sqrt(rho) * common + math.sqrt(1 - rho) * own
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
    def dac(self) -> NDArray[np.float32]:
        """What weights 0 to 63 are in each quadrant, LSB, (4, 64).

        Each of six bits switches a current of its own, with an error that falls as the root of its size; all synapses
        of a quadrant have the same. Weight 63 is itself: what all bits are off by is in the strength of the quadrant.
        """
        bits = np.arange(6)
        currents = 2.0**bits + np.sqrt(2.0**bits) * self.offsets("dac_bit", 4, 6)
        switched = np.arange(64)[:, np.newaxis] >> bits & 1
        levels = currents @ switched.T
        table = np.asarray(MAX_WEIGHT * levels / levels[:, -1:], np.float32)
        table.setflags(write=False)
        return table

    @cached_property
    def comparator(self) -> FloatArray:
        """Factors of the latency, (512,)."""
        return np.asarray(np.maximum(1 + self.sigma("comparator") * self._normal("comparator", 512), 0.1))

    @cached_property
    def cadc_offset(self) -> FloatArray:
        """LSB of (hemisphere, causal or acausal, column), (2, 2, 256)."""
        common, own = self._normal("cadc_common", 2, 1, 256), self._normal("cadc_channel_offset", 2, 2, 256)
        rho = self.sheet.correlation("cadc_channel_offset")
        mixed = math.sqrt(rho) * common + math.sqrt(1 - rho) * own
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
    def driver_gain(self) -> FloatArray:
        """Factors of the activation of each driver, (2, 128)."""
        return 1 + self.sigma("driver_gain") * self._normal("driver_gain", 2, 128)

    @property
    def drivers(self) -> FloatArray:
        """Gain of each driver and what it adds to an activation, (2, 2, 128)."""
        return np.stack([self.driver_gain, self.driver_offset])

    @cached_property
    def event_offset(self) -> FloatArray:
        """LSB that many events move each column by in hagen mode, (512,)."""
        return self.offsets("hagen_event_offset")

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
