"""Registers are legal, read-only and shared."""

import dataclasses

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig


def test_registers_are_read_only():
    config = ChipConfig()
    for name, array in config.registers().items():
        assert not array.flags.writeable, name
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.v_leak = np.zeros(512)


def test_declarations_hold_for_the_defaults():
    config = ChipConfig()
    for name, declared in ChipConfig.declarations().items():
        array = getattr(config, name)
        assert array.shape == declared.metadata["shape"]
        assert array.dtype == declared.metadata["dtype"]
        assert declared.metadata["low"] <= array.min() <= array.max() <= declared.metadata["high"]


def test_what_is_not_replaced_is_shared():
    config = ChipConfig()
    other = config.replace(v_leak=700)
    assert other.weight is config.weight
    assert (other.v_leak == 700).all()
    assert (config.v_leak == 629).all()


def test_a_register_does_not_follow_the_array_it_came_from():
    values = np.full(512, 600, np.uint16)
    locked = values.view()
    locked.setflags(write=False)
    config = ChipConfig(v_leak=values, v_reset=locked)
    values[:] = 1
    assert (config.v_leak == 600).all()
    assert (config.v_reset == 600).all()


def test_update_takes_only_what_changed():
    config = ChipConfig()
    assert config.update(config.registers()) is config
    changed = {**config.registers(), "v_leak": np.full(512, 700)}
    assert config.update(changed).label is config.label
    assert (config.update(changed).v_leak == 700).all()


def test_chips_describe_themselves():
    chip = Chip("some chip", "calibrated", seed=3)
    assert repr(chip) == "Chip(serial='some chip', fidelity='calibrated', seed=3)"
    description = chip.describe()
    assert description["serial"] == "some chip"
    assert description["fidelity"] == "calibrated"
    assert set(description) == {"backend", "serial", "fidelity", "seed", "version"}
