"""Networks on an emulated chip without mismatch and noise: what the chip does reaches the handles."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
import unit_layers as unit

from hxtorch import snn as hxsnn
from hxtorch.core import open_session
from hxtorch.spiking.errors import ExperimentError

TRACE_SCALE = 1 / 45  # threshold 125 over leak 80 is 1


@cache
def weight_scale():
    """Steps of a synapse per model unit of weight, measured at the default target."""
    peaks = []
    for mock in (True, False):
        exp = hxsnn.Experiment(mock=mock, dt=0.25e-6)
        syn, readout = hxsnn.Synapse(4, 1, exp), unit.li(1, exp)
        torch.nn.init.constant_(syn.weight, 1 / 4 if mock else 40)
        spikes = torch.zeros(240, 1, 4)
        spikes[40] = 1
        y = readout(syn(hxsnn.NeuronHandle(spikes)))
        hxsnn.run(exp, 240)
        peaks.append((y.membrane_cadc.max() - y.membrane_cadc[0]).item())
    return peaks[0] / (peaks[1] * TRACE_SCALE / 160)


def build(exp, n_in=5, n_hidden=4, n_out=2, **arguments):
    """One hidden layer whose chip and model agree in units."""
    units = {"trace_scale": TRACE_SCALE, "trace_offset": -48.0, "refractory_time": 2e-6, **arguments}

    scale = 1.0 if exp.mock else weight_scale()

    def transform(weight):
        return (scale * weight).clamp(-63, 63)

    lif = unit.lif(n_hidden, exp, **units)
    del units["refractory_time"]
    readout = unit.li(n_out, exp, **units)
    return (
        hxsnn.Synapse(n_in, n_hidden, exp, transform=transform),
        lif,
        hxsnn.Synapse(n_hidden, n_out, exp, transform=transform),
        readout,
    )


def call(modules, spikes):
    syn, lif, out, readout = modules
    z = lif(syn(hxsnn.NeuronHandle(spikes)))
    return z, readout(out(z))


def some_spikes(steps=40, batch=3, size=5, rate=0.1, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(steps, batch, size, generator=generator) < rate).float()


@pytest.fixture
def weights():
    generator = torch.Generator().manual_seed(5)
    return torch.rand(4, 5, generator=generator), torch.randn(2, 4, generator=generator) * 0.5


def run_once(mock, weights, spikes, dt=1e-6, **arguments):
    exp = hxsnn.Experiment(mock=mock, dt=dt)
    modules = build(exp, **arguments)
    with torch.no_grad():
        modules[0].weight.copy_(weights[0])
        modules[2].weight.copy_(weights[1])
    z, y = call(modules, spikes)
    hxsnn.run(exp, len(spikes))
    return modules, z, y


def test_mock_and_chip_agree_on_membranes_below_the_threshold(ideal_chip, weights):
    spikes = torch.zeros(60, 1, 5)
    spikes[[5, 9, 20, 26, 31], 0, [0, 1, 2, 3, 4]] = 1
    weights = (weights[0] * 0.8, weights[1])
    (_, mock, _), (_, chip, _) = (run_once(mock, weights, spikes) for mock in (True, False))
    assert not mock.spikes.any()
    assert not chip.spikes.any()
    assert 0.3 < mock.membrane_cadc.max() < 1
    # CADC samples are 1.75 us apart and one LSB is 1/45; the model's Euler steps add a little.
    assert (mock.membrane_cadc - chip.membrane_cadc).abs().max() < 0.08


def test_mock_and_chip_agree_on_spikes(ideal_chip):
    spikes = torch.zeros(240, 2, 5)
    spikes[[20, 180], 0] = 1
    spikes[[60], 1] = 1
    weights = torch.tensor([[0.3], [0.6], [0.66], [0.72]]).expand(4, 5), torch.zeros(2, 4)
    (_, mock, _), (_, chip, _) = (run_once(mock, weights, spikes, dt=0.25e-6) for mock in (True, False))
    assert mock.spikes.sum(0).tolist() == chip.spikes.sum(0).tolist() == [[0, 2, 2, 2], [0, 1, 1, 1]]
    times = [trace.spikes.permute(1, 2, 0).nonzero()[:, 2] for trace in (mock, chip)]
    assert (times[0] - times[1]).abs().max() <= 4  # 1 us


def test_chip_s_spikes_drive_the_next_layer_of_model_and_chip(ideal_chip, weights):
    modules, z, y = run_once(False, (weights[0] * 2, weights[1]), some_spikes())
    assert z.spikes.sum() > 10
    law = hxsnn.functional.cuba_li_integration(z.spikes @ modules[2].weight.T, modules[3].params).membrane_cadc
    assert (law - y.membrane_cadc).abs().max() < 0.15
    assert y.membrane_cadc.std() > 0.1


def test_shapes_types_and_promises(ideal_chip, weights):
    _, z, y = run_once(False, weights, some_spikes())
    assert z.spikes.shape == z.membrane_cadc.shape == z.current.shape == (40, 3, 4)
    assert y.membrane_cadc.shape == (40, 3, 2)
    assert set(z.spikes.unique().tolist()) <= {0.0, 1.0}
    assert z.spikes.dtype == torch.float32
    assert z.membrane_madc is None


@pytest.mark.parametrize(("steps", "runtime", "wanted"), [(40, 40, 40), (40, 39, 40), (40, 30, 40), (40, 60, 40)])
def test_outputs_have_the_steps_of_inputs_and_runtime(ideal_chip, weights, steps, runtime, wanted):
    spikes = some_spikes(steps)
    spikes[runtime:] = 0
    exp = hxsnn.Experiment(dt=1e-6)
    z, y = call(build(exp), spikes)
    hxsnn.run(exp, runtime)
    assert len(z.spikes) == len(y.membrane_cadc) == wanted


def test_other_step_than_a_microsecond(ideal_chip):
    exp = hxsnn.Experiment(dt=0.5e-6)
    z, _ = call(build(exp), some_spikes(81))
    hxsnn.run(exp, 81)
    assert len(z.spikes) == 81


def test_gradients_reach_all_weights(ideal_chip, weights):
    modules, _, y = run_once(False, weights, some_spikes())
    y.membrane_cadc.max(0).values.sum().backward()
    for synapse in (modules[0], modules[2]):
        assert synapse.weight.grad.isfinite().all()
        assert synapse.weight.grad.any()


def test_double_precision_model(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    modules = build(exp)
    for module in modules:
        module.double()
    z, y = call(modules, some_spikes().double())
    hxsnn.run(exp, 40)
    assert z.spikes.dtype == y.membrane_cadc.dtype == torch.float64


def test_user_units_are_raw_less_128(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    syn, lif = hxsnn.Synapse(1, 3, exp), unit.lif(3, exp)
    z = lif(syn(hxsnn.NeuronHandle(torch.zeros(40, 1, 1))))
    hxsnn.run(exp, 40)
    assert (z.membrane_cadc + 48).abs().max() <= 1  # leak 80


def test_unrecorded_spikes_come_from_the_numerics(ideal_chip, weights):
    _, z, _ = run_once(False, (weights[0] * 2, weights[1]), some_spikes())
    exp = hxsnn.Experiment(dt=1e-6)
    syn, lif = build(exp)[:2]
    lif.enable_spike_recording = False
    with torch.no_grad():
        syn.weight.copy_(weights[0] * 2)
    silent = lif(syn(hxsnn.NeuronHandle(some_spikes())))
    hxsnn.run(exp, 40)
    assert torch.equal(silent.spikes, (z.membrane_cadc > 1).float())
    assert torch.equal(silent.membrane_cadc, z.membrane_cadc)


def test_unrecorded_membranes_are_not_given_out(ideal_chip, weights):
    exp = hxsnn.Experiment(dt=1e-6)
    z, y = call(build(exp, enable_cadc_recording=False), some_spikes())
    hxsnn.run(exp, 40)
    assert z.spikes is not None
    assert z.membrane_cadc is y.membrane_cadc is None


def test_madc_records_one_neuron_in_every_batch_entry(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    syn = hxsnn.Synapse(1, 3, exp)
    torch.nn.init.constant_(syn.weight, 60)
    lif = unit.lif(
        3, exp, enable_madc_recording=True, record_neuron_id=1, threshold=hxsnn.MixedHXModelParameter(1, 200)
    )
    spikes = torch.zeros(40, 2, 1)
    spikes[10, 1] = 1
    z = lif(syn(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, 40)
    assert z.v_madc is z.membrane_madc
    assert (z.membrane_madc.ndim, z.membrane_madc.dtype) == (3, torch.float32)
    times, values = z.membrane_madc  # (samples, batch) each
    silent, excited = values.T
    assert times.shape[1] == 2
    assert times.min() >= 0
    assert times.max() < 40 * 125  # cycles of 8 ns
    assert (times.diff(dim=0) > 0).all()
    assert 1150 < len(times) < 1200  # 29.41 MHz
    assert silent.std() < 1
    cadc_step = z.membrane_cadc[:, 1, 1].max() - z.membrane_cadc[:, 0, 1].mean()
    assert 2.8 < (excited.max() - silent.mean()) / cadc_step < 3.3


def test_input_population_gives_out_what_came_back(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6, execution_instance=hxsnn.ExecutionInstance(input_loopback=True))
    source, lif, syn = hxsnn.InputNeuron(5, exp), unit.lif(4, exp), hxsnn.Synapse(5, 4, exp)
    spikes = some_spikes()
    x = source(hxsnn.NeuronHandle(spikes))
    lif(syn(x))
    hxsnn.run(exp, 40)
    assert torch.equal(x.spikes, spikes)
    assert exp.execution_info[0].events_sent == spikes.sum()


def test_function_in_front_of_the_chip_changes_what_is_sent(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    mask = hxsnn.HXModule(exp, lambda spikes: spikes * torch.tensor([1.0, 0, 0, 0, 0]))
    spikes = some_spikes()
    unit.lif(4, exp)(hxsnn.Synapse(5, 4, exp)(mask(hxsnn.NeuronHandle(spikes))))
    hxsnn.run(exp, 40)
    assert exp.execution_info[0].events_sent == spikes[..., 0].sum()


def test_function_behind_the_chip_sees_its_spikes(ideal_chip, weights):
    exp = hxsnn.Experiment(dt=1e-6)
    syn, lif = build(exp)[:2]
    torch.nn.init.constant_(syn.weight, 1.0)
    z = lif(syn(hxsnn.NeuronHandle(some_spikes())))
    count = hxsnn.HXModule(exp, lambda spikes: spikes.cumsum(0))(z)
    hxsnn.run(exp, 40)
    assert count.spikes[-1].sum() == z.spikes.sum() > 0


def test_several_synapses_into_one_layer(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    one, other = hxsnn.Synapse(2, 1, exp), hxsnn.Synapse(1, 1, exp)
    readout = unit.li(1, exp, trace_offset=-48.0)
    torch.nn.init.constant_(one.weight, 30)
    torch.nn.init.constant_(other.weight, -60)
    spikes = torch.zeros(40, 1, 2)
    spikes[10] = 1
    y = readout(one(hxsnn.NeuronHandle(spikes)), other(hxsnn.NeuronHandle(spikes[..., :1].clone())))
    hxsnn.run(exp, 40)
    assert y.membrane_cadc.abs().max() < 2  # 2 * 30 - 60


@pytest.mark.parametrize("what", ["synapses", "spikes"])
def test_a_chip_is_not_asked_for_functions_of_several_layers(ideal_chip, what):
    exp = hxsnn.Experiment(dt=1e-6)
    x = hxsnn.NeuronHandle(some_spikes())
    first, second = (hxsnn.Synapse(5, 4, exp) for _ in range(2))
    if what == "synapses":
        joined = hxsnn.HXModule(exp, torch.add)(first(x), second(x))
    else:
        spikes = [unit.lif(4, exp)(synapse(x)) for synapse in (first, second)]
        joined = hxsnn.Synapse(4, 4, exp)(hxsnn.HXModule(exp, torch.maximum)(*spikes))
    unit.lif(4, exp)(joined)
    with pytest.raises(ExperimentError, match=r"function of 2 layers .* neuron\(a\(x\), b\(y\)\)"):
        hxsnn.run(exp, 40)


def test_one_input_handle_is_one_population_of_sources(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    spikes = some_spikes()
    x = hxsnn.NeuronHandle(spikes)
    unit.li(1, exp)(hxsnn.Synapse(5, 1, exp)(x))
    unit.li(1, exp)(hxsnn.Synapse(5, 1, exp)(x))
    hxsnn.run(exp, 40)
    assert exp.execution_info[0].events_sent == spikes.sum()


def test_placement_constraint_decides_the_circuits(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    wanted = [300, 7, 130]
    free, bound = unit.lif(8, exp), unit.lif(3, exp, placement_constraint=wanted)
    z = free(hxsnn.Synapse(5, 8, exp)(hxsnn.NeuronHandle(some_spikes())))
    bound(hxsnn.Synapse(8, 3, exp)(z))
    hxsnn.run(exp, 40)
    assert [int(place.anchor) for place in bound.coordinates] == wanted
    assert [int(place.anchor) for place in free.coordinates] == [0, 1, 2, 3, 4, 5, 6, 8]


def test_overridden_post_process_sees_the_recordings(ideal_chip):
    class Mine(hxsnn.Neuron):
        def post_process(self, hw_spikes, hw_cadc, hw_madc, runtime):
            self.seen = hw_spikes, hw_cadc, hw_madc, runtime
            return super().post_process(hw_spikes, None, hw_madc, runtime)

    exp = hxsnn.Experiment(dt=1e-6)
    lif = Mine(4, exp)
    z = lif(hxsnn.Synapse(5, 4, exp)(hxsnn.NeuronHandle(some_spikes())))
    hxsnn.run(exp, 40)
    assert lif.seen[0].size == lif.seen[1].size == 4
    assert lif.seen[2] is None
    assert lif.seen[3] == pytest.approx(40e-6)
    assert z.membrane_cadc is not None  # the model's, as none was injected


def test_two_execution_instances_give_what_one_gives(ideal_chip, weights):
    modules, z, y = run_once(False, (weights[0] * 2, weights[1]), some_spikes())
    exp = hxsnn.Experiment(dt=1e-6)
    second = hxsnn.ExecutionInstance()
    syn, lif, out, _ = build(exp)
    readout = unit.li(2, exp, trace_scale=TRACE_SCALE, trace_offset=-48.0, execution_instance=second)
    with torch.no_grad():
        syn.weight.copy_(modules[0].weight)
        out.weight.copy_(modules[2].weight)
    z2, y2 = call((syn, lif, out, readout), some_spikes())
    hxsnn.run(exp, 40)
    assert len(exp.execution_info) == 2
    assert torch.equal(z2.spikes, z.spikes)
    assert torch.equal(y2.membrane_cadc, y.membrane_cadc)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_deep_network_gives_the_same_wherever_it_is_cut(ideal_chip, seed):
    generator = torch.Generator().manual_seed(seed)
    sizes = [12, 10, 8, 6]
    weights = [60 * torch.rand(post, pre, generator=generator) - 10 for pre, post in pairwise(sizes)]

    def spikes_of(cuts):
        exp = hxsnn.Experiment(dt=1e-6)
        instances = [hxsnn.ExecutionInstance() for _ in range(3)]
        handle = hxsnn.NeuronHandle(some_spikes(size=12, rate=0.08, seed=seed))
        layers = []
        for weight, cut in zip(weights, cuts, strict=True):
            synapse = hxsnn.Synapse(weight.shape[1], weight.shape[0], exp)
            with torch.no_grad():
                synapse.weight.copy_(weight)
            handle = unit.lif(weight.shape[0], exp, execution_instance=instances[cut])(synapse(handle))
            layers.append(handle)
        hxsnn.run(exp, 40)
        assert len(exp.execution_info) == len(set(cuts))
        return [layer.spikes for layer in layers]

    whole = spikes_of([0, 0, 0])
    assert whole[-1].sum() > 20
    for cuts in ([0, 0, 1], [0, 1, 1], [0, 1, 2]):
        assert all(map(torch.equal, spikes_of(cuts), whole))


def test_same_seed_gives_the_same_bytes_and_each_run_other_noise(weights):
    def traces():
        with open_session(serial="emulated-2", fidelity="calibrated", seed=3):
            exp = hxsnn.Experiment(dt=1e-6)
            modules = build(exp)
            result = []
            for _ in range(2):
                z, _ = call(modules, torch.zeros(40, 2, 5))
                hxsnn.run(exp, 40)
                result.append(z.membrane_cadc)
        return result

    one, other = traces(), traces()
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])
    assert not torch.equal(one[0], one[1])


def test_execution_info_names_the_chip(ideal_chip, weights):
    exp = hxsnn.Experiment(dt=1e-6)
    call(build(exp), some_spikes())
    hxsnn.run(exp, 40)
    (info,) = exp.execution_info
    assert (info.backend, info.serial, info.fidelity) == ("emulator", "emulated-1", "ideal")
    assert info.emulated_time == pytest.approx(3 * 40e-6)
    assert not np.any(info.events_dropped)
