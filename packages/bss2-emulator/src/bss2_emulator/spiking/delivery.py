"""What the kernel is told about the way of events: see ``_kernels/events/transport.h``."""

from __future__ import annotations

from operator import attrgetter

from bss2_emulator._kernels.spiking.plan import Delivery
from bss2_emulator.config import ChipConfig
from bss2_emulator.events import background
from bss2_emulator.events.labels import Page
from bss2_emulator.events.path import bus_cycles
from bss2_emulator.facts import constants as c
from bss2_emulator.memo import Memo
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.synram import stp as plasticity

_REGISTERS = attrgetter(*plasticity.REGISTERS, *background.REGISTERS, "dacen_pulse_extension")


def describe(config: ChipConfig, silicon: Silicon, page: Page, keep_passed: bool, memo: Memo) -> Delivery:
    """Put together routes, capacities, generators and plasticity of drivers.

    Args:
        config: All registers.
        silicon: The chip.
        page: Where events go.
        keep_passed: List the events at synapses.
        memo: Keeps what was derived from registers.
    """
    laws, powers, generators, busy = memo.get(
        "drivers and generators",
        _REGISTERS(config),
        lambda: (
            plasticity.driver_laws(config, silicon),
            plasticity.powers(config, silicon),
            background.sources(config),
            bus_cycles(config),
        ),
    )
    return Delivery(
        silicon.imperfections.event_loss,
        keep_passed,
        (c.NEURON_QUEUE, c.EVENT_QUEUE, c.RETURN_QUEUE, c.LINK_LABELS),
        page.table,
        page.routes.actions,
        page.first_neuron,
        page.label_route,
        page.neuron_route,
        page.background_route,
        busy,
        generators,
        page.routes.part_offsets,
        page.routes.part_driver,
        laws,
        powers,
    )
