"""One synapse driver with short-term plasticity (facts 2.3; twin of ``_kernels/synram/stp.h``, ``plasticity.py``)."""

from __future__ import annotations

import math

from bss2_emulator.config import ChipConfig
from bss2_emulator.silicon.serial import Silicon


class Driver:
    """A driver during one run.

    Args:
        config: All registers.
        hemisphere, driver: Which one.
        silicon: The chip.

    Attributes:
        volts: Its voltage after the last event, codes.
        last: Cycle of that event.
    """

    def __init__(self, config: ChipConfig, hemisphere: int, driver: int, silicon: Silicon) -> None:
        self.place, self.silicon = (hemisphere, driver), silicon
        self.read(config)
        self.volts, self.last = self.recover, 0

    def rewrite(self, config: ChipConfig, cycle: int) -> None:
        """Go on under other registers."""
        self.volts, self.last = self.recovered(cycle), cycle
        self.read(config)

    def read(self, config: ChipConfig) -> None:
        """Take the registers."""
        place = hemisphere, driver = self.place
        quadrant = 2 * hemisphere + driver % 2
        target = int(config.stp_target[place])
        self.charge = float(config.v_stp_charge[quadrant, target])
        self.recover = float(config.v_stp_recover[quadrant, target])
        mean, mismatch = self.silicon.mean, float(self.silicon.stp_amplitude[place])
        self.utilization = int(config.stp_utilization[place]) * mean("stp_utilization")
        self.offset = mismatch + (int(config.stp_offset[place]) - 7) * mean("stp_offset_step")
        self.zero = int(config.v_stp[quadrant]) + mean("stp_zero")
        self.span = mean("stp_range") * max(int(config.i_stp_ramp[quadrant]), 1) / 600
        clock = 2 ** int(config.stp_recovery_clock[hemisphere])  # cycles
        share = int(config.stp_recovery[place]) * mean("stp_recovery") * bool(config.enable_stp_recovery[hemisphere])
        self.time = clock / share if share else math.inf

    def recovered(self, cycle: int) -> float:
        """Return its voltage at a cycle."""
        return self.recover + (self.volts - self.recover) * math.exp(-(cycle - self.last) / self.time)

    def event(self, cycle: int) -> float:
        """Return the amplitude of an event, a share of a full pulse, and let it charge the driver."""
        volts = self.recovered(cycle)
        self.volts = volts + self.utilization * (self.charge - volts)
        self.last = cycle
        return min(max((self.zero - volts) / self.span + self.offset, 0.0), 1.0)
