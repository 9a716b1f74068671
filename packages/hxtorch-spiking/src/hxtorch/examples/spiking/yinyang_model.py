"""A network of one hidden layer for the yin-yang task."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec

import torch
from torch import Tensor

from hxtorch import spiking as hxsnn
from hxtorch.spiking.transforms.weight_transforms import linear_saturating

MAX_WEIGHT = 63
SYNIN_GM = 500
DAC_BIAS = 1000
MIN_RATE = 0.5
"""Spikes per sample below which a hidden neuron is driven up: a silent one has no spike whose time could be trained."""


_P = ParamSpec("_P")


def _older_positions(
    function: Callable[Concatenate[SNN, _P], None],
) -> Callable[Concatenate[SNN, _P], None]:
    """Take ``calib_path`` by position before ``dt``, where older versions have it; a path is told from a number."""

    @wraps(function)
    def call(self: SNN, /, *args: _P.args, **named: _P.kwargs) -> None:
        if len(args) > _DT and (args[_DT] is None or isinstance(args[_DT], (str, os.PathLike))):
            named["calib_path"] = args[_DT]
            args = (*args[:_DT], *args[_DT + 1 :])  # type: ignore[assignment]
        function(self, *args, **named)

    return call


_DT = 4
"""Position of ``dt``."""


class SNN(torch.nn.Module):
    """Input -> LIF neurons -> leaky integrators.

    Args:
        n_in: Number of inputs.
        n_hidden: Number of LIF neurons.
        n_out: Number of leaky integrators.
        mock: Run the numerics alone.
        dt: Step in seconds. A path or None in this position is ``calib_path``, as in older versions.
        tau_mem, tau_syn: Time constants in seconds.
        alpha: Steepness of the surrogate derivative.
        trace_shift_hidden, trace_shift_out: Steps by which recorded membranes move to earlier times.
        weight_init_hidden, weight_init_output: Mean and standard deviation of the first weights, model units; None for
            those of the synapses.
        weight_scale: LSB per model unit of weight.
        trace_scale: Model units per CADC LSB.
        input_repetitions: Rows on which each input is sent: the range of one weight is short on the chip.
        synapse_type: Of both layers.
        neuron_type: Of the hidden layer.
        hidden_cadc_recording: Record membranes of the hidden layer, which the surrogate derivative is then taken at.
        device: Of the numerics.
        calib_path: Calibration of the chip, or None to calibrate to the parameters.

    Attributes:
        hidden, readout: Handles of both layers in the last pass.
    """

    @_older_positions
    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        n_out: int,
        mock: bool,
        dt: float = 1e-6,
        tau_mem: float = 8e-6,
        tau_syn: float = 8e-6,
        alpha: float = 50,
        trace_shift_hidden: int = 0,
        trace_shift_out: int = 0,
        weight_init_hidden: tuple[float, float] | None = None,
        weight_init_output: tuple[float, float] | None = None,
        weight_scale: float = 1.0,
        trace_scale: float = 1.0,
        input_repetitions: int = 1,
        synapse_type: Callable[..., Any] = hxsnn.Synapse,
        neuron_type: Callable[..., Any] = hxsnn.LIF,
        hidden_cadc_recording: bool = False,
        device: torch.device | str = torch.device("cpu"),  # noqa: B008  # constant
        calib_path: str | None = None,
    ) -> None:
        super().__init__()
        self.experiment = hxsnn.Experiment(mock=mock, dt=dt, calib_path=calib_path)
        self.weight_scale = weight_scale
        self.input_repetitions = input_repetitions
        self.device = device
        self.linear_h: hxsnn.Synapse = synapse_type(
            n_in * input_repetitions,
            n_hidden,
            self.experiment,
            transform=partial(linear_saturating, scale=weight_scale),
        )
        self.lif_h: hxsnn.Neuron = neuron_type(
            n_hidden,
            self.experiment,
            leak=hxsnn.MixedHXModelParameter(0.0, 80),
            reset=hxsnn.MixedHXModelParameter(0.0, 80),
            threshold=hxsnn.MixedHXModelParameter(1.0, 150),
            tau_mem=tau_mem,
            tau_syn=tau_syn,
            membrane_capacitance=hxsnn.MixedHXModelParameter(tau_mem, 63),
            refractory_time=2e-6,
            alpha=alpha,
            enable_cadc_recording=hidden_cadc_recording,
            trace_scale=trace_scale,
            cadc_time_shift=trace_shift_hidden,
            shift_cadc_to_first=True,
            i_synin_gm=SYNIN_GM,
            synapse_dac_bias=DAC_BIAS,
        )
        self.linear_o: hxsnn.Synapse = synapse_type(n_hidden, n_out, self.experiment, transform=self._to_output_lsb)
        self.li_readout = hxsnn.ReadoutNeuron(
            n_out,
            self.experiment,
            leak=hxsnn.MixedHXModelParameter(0.0, 80),
            tau_mem=tau_mem,
            tau_syn=tau_syn,
            membrane_capacitance=hxsnn.MixedHXModelParameter(tau_mem, 63),
            trace_scale=trace_scale,
            cadc_time_shift=trace_shift_out,
            shift_cadc_to_first=True,
            i_synin_gm=SYNIN_GM,
            synapse_dac_bias=DAC_BIAS,
        )
        for synapse, first in ((self.linear_h, weight_init_hidden), (self.linear_o, weight_init_output)):
            if first is not None:
                synapse.reset_parameters(*first)
        self.hidden = hxsnn.NeuronHandle()
        self.readout = hxsnn.ReadoutNeuronHandle()
        self.to(device)

    def forward(self, spikes: Tensor) -> Tensor:
        """Run the network.

        Args:
            spikes: Inputs (time, batch, n_in).

        Returns:
            Membranes of the leaky integrators (time, batch, n_out), model units.
        """
        if not self.experiment.mock:
            self._clamp_hidden_weight()
        inputs = hxsnn.NeuronHandle(spikes.to(self.device).repeat(1, 1, self.input_repetitions))
        self.hidden = self.lif_h(self.linear_h(inputs))
        self.readout = self.li_readout(self.linear_o(self.hidden))
        hxsnn.run(self.experiment, len(spikes))
        return self.readout.filled()

    def _clamp_hidden_weight(self) -> None:
        """Keep weights where the chip follows them, so that training does not push them further."""
        limit = MAX_WEIGHT / self.weight_scale
        with torch.no_grad():
            self.linear_h.weight.clamp_(-limit, limit)

    def _to_output_lsb(self, weight: Tensor) -> Tensor:
        """Scale output weights so that the largest fits; scores keep their order under a common factor."""
        largest = float(weight.abs().max())
        scale = self.weight_scale if largest == 0 else min(MAX_WEIGHT / largest, self.weight_scale)
        return linear_saturating(weight, scale=scale)


class Model(torch.nn.Module):
    """Encoder, network and decoder in a row.

    Args:
        encoder: Turns inputs into spikes.
        network: Turns spikes into membranes.
        decoder: Turns membranes into scores.
        readout_scale: Factor on the membranes.
    """

    def __init__(
        self,
        encoder: Callable[[Tensor], Tensor],
        network: SNN,
        decoder: Callable[[Tensor], Tensor],
        readout_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.network = network
        self.decoder = decoder
        self.readout_scale = readout_scale

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the scores (batch, class) of inputs (batch, coordinate)."""
        scores: Tensor = self.decoder(self.readout_scale * self.network(self.encoder(inputs)))
        return scores

    def regularize(
        self,
        reg_readout: float = 0.0,
        reg_bursts: float = 0.0,
        reg_w_hidden: float = 0.0,
        reg_w_output: float = 0.0,
        reg_silence: float = 0.0,
    ) -> Tensor:
        """Return the penalty of the last pass.

        Args:
            reg_readout: Weight of the mean square of the readout membranes.
            reg_bursts: Weight of the mean square of the number of spikes per hidden neuron and sample.
            reg_w_hidden: Weight of the mean square of the hidden weights.
            reg_w_output: Weight of the mean square of the output weights.
            reg_silence: Slope by which the weights of hidden neurons grow that spike too seldom.
        """
        membranes, spikes = self.network.readout.filled(), self.network.hidden.filled()
        lacking = (MIN_RATE - spikes.detach().sum(0).mean(0)).clamp(min=0.0)
        return (
            reg_readout * membranes.square().mean()
            + reg_bursts * spikes.sum(0).square().mean()
            + reg_w_hidden * self.network.linear_h.weight.square().mean()
            + reg_w_output * self.network.linear_o.weight.square().mean()
            - reg_silence * (lacking @ self.network.linear_h.weight).sum()
        )
