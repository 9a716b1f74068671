"""Programs as users of the real chip write them run here, in both generations of spelling, and mean the same.

Each is a file in ``older`` and one in ``newer`` of the same name; what is left in its names when it has run is checked.
"""

import runpy
import sys
from pathlib import Path

import pytest
import torch

import hxtorch
from hxtorch.core import NoConnectionError, compat, current_session

HERE = Path(__file__).parent
CELLS = pytest.mark.parametrize("generation", ["older", "newer"])


class Names(dict):
    """The names of a program that ended."""

    __getattr__ = dict.__getitem__


@pytest.fixture
def script(monkeypatch, tmp_path):
    """Run a program of a generation with a command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(generation: str, name: str, *arguments: str) -> Names:
        path = HERE / generation / f"{name}.py"
        monkeypatch.setattr(sys, "argv", [str(path), *arguments])
        with compat.installed():
            try:
                names = Names(runpy.run_path(str(path), run_name="__main__"))
            except BaseException:
                hxtorch.release_hardware()
                raise
        with pytest.raises(NoConnectionError):
            current_session()
        return names

    return run


def test_both_generations_have_the_same_programs():
    older, newer = ({path.relative_to(HERE / g) for path in (HERE / g).rglob("*.py")} for g in ("older", "newer"))
    assert older == newer
    assert len(older) >= 12


def falls(losses, to):
    """Whether a loss falls to a part of what it was."""
    return losses[-1] < to * losses[0]


@CELLS
def test_introduction(script, generation):
    """The numbers are those of the document's figures: rest 80, a peak near 124 in simulation."""
    seen = script(generation, "introduction", "60")
    assert seen.promised == (None, None)
    assert seen.chip_spikes.shape == seen.chip_cadc.shape == (50, 1, 1)
    assert seen.chip_madc.dtype == torch.float32
    assert seen.chip_madc.shape[::2] == (2, 1)
    assert float(seen.mock_cadc.detach().min()) == pytest.approx(80, abs=0.1)
    assert 110 < float(seen.mock_cadc.detach().max()) <= 125
    assert int(seen.mock_spikes.detach().sum()) in (1, 2)
    assert -60 < seen.baseline < -36  # signed: raw 80 is -48
    assert 30 < seen.reached < 80  # from the leak at 80 to the threshold at 125, and the overshoot of strong input
    peaks = [trace.max() for trace in seen.chip_psp]
    assert sum(peaks) / len(peaks) == pytest.approx(seen.mock_psp.max(), rel=0.5)
    assert falls(seen.losses, 0.8)


@CELLS
@pytest.mark.parametrize("where", ["mock", "chip"])
def test_yinyang_by_surrogate(script, generation, where):
    seen = script(generation, "yinyang", "2", where)
    assert falls(seen.losses, 0.95)
    assert 0.1 < seen.rate < 10


@pytest.mark.parametrize("where", ["mock", "chip"])
def test_both_spellings_of_yinyang_train_equal_weights(script, where):
    older, newer = (script(generation, "yinyang", "1", where) for generation in ("older", "newer"))
    for one, other in zip(older.weights, newer.weights, strict=True):
        assert one.numpy().tobytes() == other.numpy().tobytes()


@CELLS
@pytest.mark.parametrize("where", ["mock", "chip"])
def test_yinyang_by_eventprop(script, generation, where):
    seen = script(generation, "eventprop", "2", where)
    assert falls(seen.losses, 0.95)
    assert all(torch.isfinite(weight).all() for weight in seen.weights)


@CELLS
def test_partitioned_inputs_add_up_on_neurons_of_eight_circuits(script, generation):
    seen = script(generation, "partitioned", "15")
    assert seen.circuits == [8] * 4
    assert falls(seen.losses, 0.8)


@CELLS
def test_time_constants_are_trained(script, generation):
    seen = script(generation, "time_constants", "20")
    assert seen.tau_last == pytest.approx(8e-6, abs=2e-6)
    assert seen.tau_first == 15e-6
    assert falls(seen.losses, 0.2)


@CELLS
def test_dynamic_range(script, generation):
    """Facts 2.6: baseline, lower and upper end in signed LSB, the way to the threshold in LSB."""
    seen = script(generation, "dynamic_range")
    means = [sum(map(float, one.values())) / len(one) for one in (seen.baselines, seen.lower, seen.upper)]
    assert means[0] == pytest.approx(-45, abs=9)
    assert means[1] == pytest.approx(-103, abs=20.4)
    assert means[2] == pytest.approx(100, abs=20)
    assert sum(map(float, seen.offsets.values())) / len(seen.offsets) == pytest.approx(80 - 128, abs=5)
    assert len(seen.scales) / sum(map(float, seen.scales.values())) == pytest.approx(45, rel=0.2)
    assert 20 < seen.weight_scale < 120


@CELLS
def test_network_from_nir(script, generation):
    seen = script(generation, "nir_page")
    assert seen.out_spikes.shape == seen.out_membrane.shape == (60, 2, 3)
    assert seen.out_spikes.sum() > 0
    back = {type(node).__name__: node for node in seen.back.nodes.values()}
    assert back["CubaLIF"].tau_mem == pytest.approx([10e-3] * 3)  # a graph's seconds are 1000 of the chip's
    assert back["CubaLIF"].v_threshold == pytest.approx([1.0] * 3)
    if generation == "newer":
        assert torch.equal(seen.found["lif"], seen.out_spikes)
        assert torch.equal(seen.again["input"], seen.spikes)


@CELLS
def test_inference_tracer(script, generation, tmp_path):
    seen = script(generation, "perceptron/tracer", str(tmp_path / "trace"))
    assert list(seen.names) == ["mac", "converting_relu", "mac", "argmax"]
    assert seen.again.shape == seen.direct.shape == (3, 1)
    assert set(seen.again.flatten().tolist()) <= set(range(5))


@CELLS
def test_convolution_with_expansion(script, generation):
    seen = script(generation, "perceptron/convolution", "30")
    assert seen.as_many_as_fit == 18
    assert seen.shape == (24, 4, 12)
    assert falls(seen.losses, 0.7)
    assert seen.accuracy > 0.6


@CELLS
def test_recurrent_wrapper(script, generation):
    seen = script(generation, "recurrent", "40")
    assert seen.own_gradient > 0
    assert falls(seen.losses, 0.8)


def test_both_spellings_of_the_wrapper_train_alike(script):
    older, newer = (script(generation, "recurrent", "5") for generation in ("older", "newer"))
    assert older.losses == newer.losses


@CELLS
def test_plot_of_the_membrane_adc(script, generation, tmp_path):
    """About 3235 samples in 110 us, times in cycles of 8 ns."""
    seen = script(generation, "madc", str(tmp_path / "madc.png"))
    assert (tmp_path / "madc.png").read_bytes().startswith(b"\x89PNG")
    assert seen.time.shape == seen.trace.shape
    assert len(seen.time) == pytest.approx(3235, rel=0.02)
    assert 0 <= float(seen.time.min()) < float(seen.time.max()) <= 111 * 125
    assert float(seen.trace.max()) > float(seen.trace[:50].mean()) + 20


@CELLS
def test_hooks(script, generation):
    seen = script(generation, "hooks")
    assert sorted(set(seen.configured)) == [(0, 300), (1, 301), (2, 302), (3, 303)]
    assert seen.decoded == [(True, True, False)]
    assert (seen.counts[1::2] == 0).all()
    assert (seen.counts[::2] > 0).all()
    if generation == "newer":
        assert seen.MyInstance.asked >= 1
        assert seen.info.time is not None


@CELLS
def test_sparse_network(script, generation):
    seen = script(generation, "sparse", "40")
    assert falls(seen.losses, 0.5)
    outside = seen.connections.T == 0
    assert (seen.trained.to_dense()[outside] == 0).all()
    assert (seen.gradient[outside] == 0).all()
    assert seen.chip_membrane.shape == (60, 3, 6)
    together = torch.stack([seen.chip_membrane[15:].flatten(), seen.mock_membrane[15:].flatten()])
    assert torch.corrcoef(together)[0, 1] > 0.7
