"""The two correlation sensors of one synapse (twin of ``_kernels/synram/correlation.h``)."""

from __future__ import annotations

import math

from bss2_emulator.facts import constants as c


def sensors(
    events: list[int], spikes: list[int], amplitude: tuple[float, float], time: tuple[float, float], reset: int
) -> tuple[int, int]:
    """Return the codes of the causal and the acausal sensor.

    Args:
        events: Cycles in which events of the synapse's label arrive, ascending.
        spikes: Cycles in which its neuron fires, ascending.
        amplitude: LSB of a coincidence, (causal, acausal).
        time: Time constants, s.
        reset: Cycle in which the sensors are reset.
    """
    events, spikes = [t for t in events if t >= reset], [t for t in spikes if t >= reset]
    codes = []
    for sign, (first, second) in enumerate(((events, spikes), (spikes, events))):
        code = 0.0
        for now in second:
            before = [t for t in first if (t < now or (t == now and sign == 0))]
            if before:
                code += amplitude[sign] * math.exp(-(now - before[-1]) * c.CYCLE / time[sign])
        codes.append(math.floor(min(code, c.CORRELATION_MAX) + 0.5))
    return codes[0], codes[1]
