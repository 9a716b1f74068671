"""Contract of the mock model's parameters."""

import pytest
import torch

import hxtorch.perceptron as hxp


def test_defaults_are_the_documented_ones():
    parameter = hxp.get_mock_parameter()
    assert parameter == hxp.MockParameter() == hxp.MockParameter(2.0, 0.002)
    assert (parameter.noise_std, parameter.gain) == (2.0, 0.002)


def test_what_is_set_is_in_force_and_its_source_is_free_again():
    parameter = hxp.MockParameter(noise_std=1.6, gain=0.0018)
    hxp.set_mock_parameter(parameter)
    parameter.gain = 0.5
    got = hxp.get_mock_parameter()
    assert (got.noise_std, got.gain) == (1.6, 0.0018)
    got.gain = 0.7
    assert hxp.get_mock_parameter().gain == 0.0018


def test_a_tensor_of_gains_is_copied():
    gain = torch.full((2, 256), 0.002)
    hxp.set_mock_parameter(hxp.MockParameter(gain=gain))
    gain.fill_(0.5)
    assert (hxp.get_mock_parameter().gain == 0.002).all()
    hxp.get_mock_parameter().gain.fill_(0.5)
    assert (hxp.get_mock_parameter().gain == 0.002).all()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"gain": 0.0}, "gain: got 0"),
        ({"gain": 1.1}, "gain: got 1.1"),
        ({"gain": float("nan")}, "gain: got nan"),
        ({"gain": torch.full((256,), 0.002)}, r"gain: got shape \(256,\)"),
        ({"gain": torch.full((2, 256), -0.002)}, "gain: got -0.002"),
        ({"noise_std": -1.0}, "noise_std: got -1"),
        ({"noise_std": float("nan")}, "noise_std: got nan"),
    ],
)
def test_a_parameter_without_meaning_is_refused_and_the_one_in_force_stays(bad, words):
    with pytest.raises(ValueError, match=words):
        hxp.set_mock_parameter(hxp.MockParameter(**bad))
    assert hxp.get_mock_parameter() == hxp.MockParameter()


@pytest.mark.parametrize("gain", [0.0, -0.1, 1.1])
@pytest.mark.parametrize("error", [OverflowError, ValueError])
def test_gain_outside_of_its_range_is_an_overflow(gain, error):
    with pytest.raises(error, match="more than 0 and at most 1"):
        hxp.set_mock_parameter(hxp.MockParameter(gain=gain))
