"""What is read out of neurons, and where it goes."""

import pytest
import torch
import unit_layers as unit

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.observables import AnalogObservable, HardwareObservables
from hxtorch.spiking.utils.readout_source import ReadoutSource

SPIKES = torch.zeros(40, 2, 5)
SPIKES[[5, 6, 7]] = 1
TRACE = torch.ones(2, 3, 1)


@pytest.fixture
def programs(ideal_chip, monkeypatch):
    """What was sent to the chip."""
    sent = []
    run = ideal_chip.run_spiking
    monkeypatch.setattr(ideal_chip, "run_spiking", lambda program: sent.append(program) or run(program))
    return sent


def run(neuron, exp):
    syn = hxsnn.Synapse(5, neuron.size, exp)
    torch.nn.init.constant_(syn.weight, 20)
    handle = neuron(syn(hxsnn.NeuronHandle(SPIKES)))
    hxsnn.run(exp, 40)
    return handle


@pytest.mark.parametrize("named", [True, False])
def test_membranes_of_a_run_are_a_tensor_and_name_both_recordings(ideal_chip, named):
    """``hw_data.voltage`` in both spellings, read by a function and returned by ``post_process``."""
    seen = []

    class Own(hxsnn.LI):
        def post_process(self, hw_data, runtime):
            found = super().post_process(hw_data, runtime)
            voltage = AnalogObservable(cadc=found.voltage.cadc, madc=found.voltage.madc) if named else found.voltage
            return hxsnn.Handle(voltage=voltage, adaptation=None, spikes=None)

        def forward_func(self, input, hw_data=None):
            seen.append(hw_data.voltage)
            return super().forward_func(input, hw_data=hw_data)

    exp = hxsnn.Experiment()
    synapse, neuron = hxsnn.Synapse(1, 2, exp), Own(2, exp, enable_madc_recording=True, record_neuron_id=1)
    torch.nn.init.constant_(synapse.weight, 50.0)
    spikes = torch.cat([torch.ones(20, 1, 1), torch.zeros(10, 1, 1)])
    handle = neuron(synapse(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, 20)
    (voltage,) = seen
    assert torch.equal(voltage.cadc, handle.membrane_cadc)
    assert voltage.madc.shape[0] == 2
    assert torch.equal(voltage.madc, handle.membrane_madc)
    assert len(voltage.cadc) == 30
    if not named:
        assert type(voltage + 1) is torch.Tensor
        assert torch.equal(voltage + 1, handle.membrane_cadc + 1)


def test_observables_without_recordings_show_no_voltage():
    assert HardwareObservables().voltage is None
    samples = torch.zeros(2, 5, 1)
    assert HardwareObservables(madc=samples).voltage.cadc is None
    assert HardwareObservables(madc=samples).voltage.madc is samples


def test_sources_are_the_codes_of_the_register():
    assert [source.value for source in ReadoutSource] == [0, 1, 2, 3]
    assert ReadoutSource.of("adaptation") is ReadoutSource.of(ReadoutSource.adaptation)
    for wrong in ("soma", 3, None):
        with pytest.raises(ParameterError, match="exc_synin"):
            ReadoutSource.of(wrong)


@pytest.mark.parametrize("source", ["membrane", "exc_synin", "inh_synin", "adaptation"])
@pytest.mark.parametrize("kind", [hxsnn.Neuron, hxsnn.ReadoutNeuron])
def test_source_reaches_the_register_of_each_neuron(programs, source, kind):
    exp = hxsnn.Experiment()
    handle = run(kind(3, exp, cadc_readout_source=source, placement_constraint=[7, 8, 9]), exp)
    codes = programs[0].configuration.readout_source
    assert codes[7:10].tolist() == [ReadoutSource[source]] * 3
    assert codes.sum() == 3 * ReadoutSource[source]
    assert handle.membrane_cadc is not None
    if source == "membrane":
        assert handle.analog == ()
    else:
        (shown,) = handle.analog
        assert shown.source is ReadoutSource[source]
        assert shown.cadc.shape == (40, 2, 3)
        assert shown.madc is None


def test_madc_reads_its_source_of_its_neuron(programs):
    exp = hxsnn.Experiment()
    neuron = unit.lif(
        3,
        exp,
        enable_cadc_recording=False,
        enable_madc_recording=True,
        record_neuron_id=1,
        madc_readout_source="adaptation",
    )
    handle = run(neuron, exp)
    assert programs[0].configuration.readout_source[:3].tolist() == [0, 3, 0]
    assert handle.membrane_madc is None
    assert handle.adaptation_madc.shape[::2] == (2, 2)
    assert handle.analog[0].madc is handle.adaptation_madc


def test_neuron_shows_one_node_at_a_time():
    exp = hxsnn.Experiment()
    arguments = {"enable_madc_recording": True, "record_neuron_id": 0, "madc_readout_source": "adaptation"}
    with pytest.raises(core.RecordingError, match=r"adaptation beside .* membrane"):
        unit.lif(3, exp, **arguments)
    unit.lif(3, exp, **arguments, cadc_readout_source="adaptation")
    with pytest.raises(ParameterError, match="cadc_readout_source"):
        unit.lif(3, exp, cadc_readout_source="soma")


def test_recordings_are_sorted_by_source():
    trace = torch.rand(4, 1, 2)
    membrane = AnalogObservable(ReadoutSource.membrane, trace, TRACE)
    adaptation = AnalogObservable(ReadoutSource.adaptation, 2 * trace)
    inhibitory = AnalogObservable(ReadoutSource.inh_synin, 3 * trace)
    sorted_ = HardwareObservables.of(None, (membrane, adaptation, inhibitory))
    assert sorted_.cadc is trace
    assert sorted_.madc is TRACE
    assert torch.equal(sorted_.adaptation, 2 * trace)
    assert sorted_.others == (adaptation, inhibitory)
    assert HardwareObservables(adaptation=trace).steps(9) == 4


def test_only_membranes_are_injected_as_membranes(ideal_chip):
    """An overridden post_process says what was recorded; the model takes it up where it belongs."""
    shown = {}

    class Told(hxsnn.Neuron):
        def post_process(self, hw_spikes, hw_cadc, hw_madc, runtime):
            observed = AnalogObservable(shown["source"], cadc=torch.full((41, 2, 3), 7.0))
            return HardwareObservables.of(None, (observed,))

    for source in ReadoutSource:
        shown["source"] = source
        exp = hxsnn.Experiment()
        handle = run(Told(3, exp, threshold=hxsnn.MixedHXModelParameter(1e3, 125)), exp)
        injected = bool((handle.membrane_cadc == 7).all())
        assert injected == (source is ReadoutSource.membrane)


def test_offset_scale_and_shift_hold_for_any_source(ideal_chip):
    exp = hxsnn.Experiment()
    shared = {"cadc_readout_source": "exc_synin", "interpolation_mode": "nearest"}
    plain = run(unit.li(2, exp, **shared), exp)
    other = run(
        unit.li(
            2, exp, **shared, trace_offset=torch.tensor([1.0, 2.0]), trace_scale={0: 0.5, 1: 0.25}, cadc_time_shift=3
        ),
        exp,
    )
    raw = plain.analog[0].cadc
    wanted = (raw.roll(-3, 0)[:-3] - torch.tensor([1.0, 2.0])) * torch.tensor([0.5, 0.25])
    assert torch.equal(other.analog[0].cadc[:-3], wanted)


def test_readout_may_change_between_runs(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    syn, lif = hxsnn.Synapse(5, 3, exp), unit.lif(3, exp)
    spikes = torch.zeros(30, 1, 5)
    spikes[5] = 1

    def membranes():
        z = lif(syn(hxsnn.NeuronHandle(spikes)))
        hxsnn.run(exp, 30)
        return z.membrane_cadc.detach()

    before = membranes()
    lif.trace_offset, lif.trace_scale = torch.tensor([-48.0, -47.0, -46.0]), 0.5
    torch.testing.assert_close(membranes(), 0.5 * (before - lif.trace_offset))
    lif.trace_offset, lif.trace_scale, lif.cadc_time_shift, lif.shift_cadc_to_first = 0.0, 1.0, 4, True
    torch.testing.assert_close(membranes()[:-4], before[4:] - before[4])
    lif.cadc_time_shift, lif.shift_cadc_to_first, lif.interpolation_mode = 0, False, "nearest"
    assert torch.equal(membranes(), membranes().round())
    for name, value in (("trace_scale", torch.ones(2)), ("interpolation_mode", "cubic"), ("cadc_time_shift", 0.5)):
        kept = getattr(lif, name)
        with pytest.raises(ParameterError, match=name):
            setattr(lif, name, value)
        assert getattr(lif, name) == kept


def test_wrapped_neurons_show_their_recordings_too(ideal_chip):
    exp = hxsnn.Experiment()
    neuron = unit.lif(3, exp, cadc_readout_source="inh_synin")
    layer = hxsnn.Recurrent(exp, neuron, hxsnn.Synapse(3, 3, exp))
    z = layer(hxsnn.Synapse(5, 3, exp)(hxsnn.NeuronHandle(SPIKES)))
    hxsnn.run(exp, 40)
    assert z.analog[0].source is ReadoutSource.inh_synin


@pytest.mark.parametrize(("sign", "driven", "silent"), [(1, "exc_synin", "inh_synin"), (-1, "inh_synin", "exc_synin")])
def test_synaptic_inputs_show_the_events_of_their_sign(ideal_chip, sign, driven, silent):
    swings = {}
    for source in (driven, silent):
        exp = hxsnn.Experiment()
        syn = hxsnn.Synapse(5, 2, exp)
        torch.nn.init.constant_(syn.weight, 20 * sign)
        y = unit.li(2, exp, cadc_readout_source=source)(syn(hxsnn.NeuronHandle(SPIKES)))
        hxsnn.run(exp, 40)
        trace = y.analog[0].cadc
        swings[source] = float((trace.amax(0) - trace.amin(0)).max())
    assert swings[driven] > 10
    assert swings[silent] <= 1


def test_recorded_adaptation_takes_the_place_of_the_model_s(ideal_chip):
    exp = hxsnn.Experiment()
    neuron = unit.aelif(
        3, exp, cadc_readout_source="adaptation", spike_triggered_adaptation=True, trace_scale=torch.full((3,), 0.02)
    )
    z = run(neuron, exp)
    assert torch.equal(z.adaptation_cadc, z.analog[0].cadc[: len(z.adaptation_cadc)])
    assert z.adaptation_cadc.abs().max() > 0
