import numpy as np
import pytest

from hxtorch.core import AtomicNeuronOnDLS, Chip, ChipConfiguration, ConfigurationError, NeuronBlock
from hxtorch.core.vocabulary.chip import _NEURON, ConstantCurrentType


def test_an_unchanged_chip_gives_its_configuration():
    base = ChipConfiguration(v_leak=600)
    chip = Chip(base)
    assert chip.v_leak[3] == 600
    for name, array in chip.configuration.registers().items():
        assert array is getattr(base, name)


def test_changes_stay_on_the_chip():
    base = ChipConfiguration()
    chip = Chip(base)
    chip.weight[1, 2, 3] = 5
    before = chip.configuration
    chip.weight[1, 2, 3] = 6
    assert (base.weight[1, 2, 3], before.weight[1, 2, 3], chip.configuration.weight[1, 2, 3]) == (0, 5, 6)
    assert chip.configuration.v_leak is base.v_leak


def test_illegal_registers_are_refused_when_frozen():
    chip = Chip()
    chip.weight[0, 0, 0] = 64
    with pytest.raises(ConfigurationError, match="weight: got 64"):
        _ = chip.configuration


@pytest.mark.parametrize(("group", "name"), [(g, name) for g, names in _NEURON.items() for name in names])
def test_every_register_of_a_neuron_is_set_alone(group, name):
    chip = Chip()
    neuron = chip.neuron_block.atomic_neurons[AtomicNeuronOnDLS(300)]
    old = getattr(getattr(neuron, group), name)
    new = not old if isinstance(old, bool) else ConstantCurrentType.sink if name == "type" else old // 2 + 1
    setattr(getattr(neuron, group), name, new)
    assert getattr(getattr(neuron, group), name) == new
    changed = {
        register: np.flatnonzero(array != getattr(ChipConfiguration(), register)).tolist()
        for register, array in chip.configuration.registers().items()
        if not np.array_equal(array, getattr(ChipConfiguration(), register))
    }
    assert changed == {_NEURON[group][name]: [300]}


@pytest.mark.parametrize("value", [-1, 1023, 0.5, float("nan")])
def test_illegal_codes_are_refused(value):
    neuron = NeuronBlock().atomic_neurons[0]
    with pytest.raises(ConfigurationError, match=r"leak\.v_leak: got .* 0 to 1022"):
        neuron.leak.v_leak = value


def test_unknown_names_are_refused():
    chip = Chip()
    assert not hasattr(chip, "v_lake")
    neuron = chip.neuron_block.atomic_neurons[0]
    with pytest.raises(AttributeError, match="known: leak"):
        _ = neuron.lake
    with pytest.raises(AttributeError, match="known: v_leak"):
        neuron.leak.v_lake = 3
    assert len(chip.neuron_block.atomic_neurons) == 512
