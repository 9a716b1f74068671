"""The example as a script, with few samples; what it learns is tested beside the other integration tests."""

import sys

import pytest
import torch

import hxtorch
from hxtorch import snn as hxsnn
from hxtorch.core import CalibrationFormatError, calibration, current_session
from hxtorch.core.errors import NoConnectionError
from hxtorch.examples.spiking import yinyang, yinyang_eventprop
from hxtorch.examples.spiking.yinyang_model import SNN
from hxtorch.spiking.errors import ParameterError

SHORT = ["--epochs", "2", "--trainset-size", "60", "--testset-size", "20", "--batch-size", "20"]


def arguments(*more):
    return yinyang.get_parser().parse_args([*SHORT, *more])


def test_defaults_are_the_settings_of_the_task():
    args = yinyang.get_parser().parse_args([])
    wanted = {
        "mock": False, "n_hidden": 120, "dt": 1e-6, "tau_mem": 6e-6, "tau_syn": 6e-6, "t_sim": 38e-6, "t_early": 2e-6,
        "t_late": 26e-6, "t_bias": 2e-6, "weight_scale": 70, "trace_scale": 0.0147, "alpha": 150, "batch_size": 50,
        "lr": 0.005, "gamma": 0.7, "step_size": 3, "epochs": 20, "trainset_size": 5000, "testset_size": 1000,
        "reg_readout": 0.0004, "weight_init_hidden_std": 0.25, "weight_init_output_mean": 0.0,
        "weight_init_output_std": 0.1,
    }  # fmt: skip
    assert {name: getattr(args, name) for name in wanted} == wanted


@pytest.mark.parametrize(("mock", "rows", "scale", "mean"), [(True, 1, 1.0, 0.8), (False, 5, 10.0, 0.25)])
def test_settings_that_depend_on_the_mode(mock, rows, scale, mean):
    torch.manual_seed(0)
    model = yinyang.build_model(yinyang.get_parser().parse_args(["--mock"] if mock else []))
    net = model.network
    assert model.readout_scale == scale
    assert net.linear_h.weight.shape == (120, 5 * rows)
    assert net.linear_h.weight.mean().item() == pytest.approx(mean, abs=0.05)
    values = {name: getattr(net.lif_h, name).hardware_value for name in net.lif_h.parameter_names}
    wanted = {"leak": 80, "reset": 80, "threshold": 150, "tau_mem": 6e-6, "tau_syn": 6e-6, "i_synin_gm": 500}
    assert {name: values[name] for name in wanted} == wanted
    assert values["synapse_dac_bias"] == net.li_readout.synapse_dac_bias.hardware_value == 1000
    model_values = [getattr(net.lif_h, name).model_value for name in ("leak", "reset", "threshold")]
    assert model_values == [0, 0, 1]


def test_chip_is_calibrated_to_the_preset_that_ships(ideal_chip, monkeypatch):
    targets = []
    original = calibration.for_target
    monkeypatch.setattr(
        calibration, "for_target", lambda chip, target: targets.append(target) or original(chip, target)
    )
    yinyang.main(arguments("--epochs", "1"))
    assert targets == [calibration.preset("spiking2")]


def test_weights_on_the_chip_stay_in_its_range(ideal_chip):
    net = SNN(5, 8, 3, mock=False)
    with torch.no_grad():
        net.linear_h.weight.fill_(2.0)
        net.linear_o.weight.fill_(0.0)
        net.linear_o.weight[0, 0] = 3.0
        net.linear_o.weight[0, 1] = -1.0
    net(torch.zeros(38, 2, 5))
    assert net.linear_h.weight.max().item() == pytest.approx(0.9)
    assert net.linear_o.hardware_weights()[:2, 0].tolist() == [63, -21]
    with torch.no_grad():
        net.linear_o.weight.div_(10)
    assert net.linear_o.hardware_weights()[:2, 0].tolist() == [21, -7]
    with torch.no_grad():
        net.linear_o.weight.zero_()
    assert not net.linear_o.hardware_weights().any()


@pytest.mark.parametrize("terminal", [True, False])
def test_mock_prints_a_line_per_epoch_and_the_result(capsys, monkeypatch, terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    accuracy = yinyang.main(arguments("--mock"))
    out = capsys.readouterr().out
    assert ("batch/s" in out) == terminal
    written = out.rstrip("\n").split("\n")
    lines = [line.rsplit("\r", 1)[-1] for line in written]  # what stays when bars are overwritten
    assert [line.split(":")[0] for line in lines[:2]] == ["epoch 1", "epoch 2"]
    assert lines[-1] == f"test accuracy {accuracy:.3f} on backend mock"


@pytest.mark.parametrize(("mock", "mean"), [(True, 0.8), (False, 0.15)])
def test_eventprop_example_trains_the_same_network_by_eventprop(mock, mean):
    args = yinyang_eventprop.get_parser().parse_args(["--mock"] if mock else [])
    torch.manual_seed(0)
    net = yinyang.build_model(args).network
    assert [type(part) for part in (net.linear_h, net.lif_h, net.linear_o, net.li_readout)] == [
        hxsnn.EventPropSynapse, hxsnn.EventPropLIF, hxsnn.EventPropSynapse, hxsnn.ReadoutNeuron,
    ]  # fmt: skip
    assert net.linear_h.weight.mean().item() == pytest.approx(mean, abs=0.05)
    others = vars(yinyang.get_parser().parse_args([]))
    changed = {
        name for name, value in vars(yinyang_eventprop.get_parser().parse_args([])).items() if value != others[name]
    }
    assert changed == set(yinyang_eventprop.DEFAULTS)


def test_eventprop_learns_in_the_model():
    args = yinyang_eventprop.get_parser().parse_args(["--mock", "--epochs", "1", "--trainset-size", "2000"])
    assert yinyang.main(args) >= 0.5


def test_eventprop_has_no_penalty_of_bursts():
    with pytest.raises(ParameterError, match="reg-bursts"):
        yinyang.main(arguments("--mock", "--eventprop", "--reg-bursts", "0.1"))


def test_penalty_of_silence_drives_up_what_spikes_too_seldom():
    model = yinyang.build_model(arguments("--mock"))
    with torch.no_grad():
        model.network.linear_h.weight.fill_(0.0)
        model.network.linear_h.weight[0] = 3.0
    model(torch.rand(8, 4))
    model.regularize(reg_silence=0.1).backward()
    gradient = model.network.linear_h.weight.grad
    assert not gradient[0].any()
    torch.testing.assert_close(gradient[1:], torch.full_like(gradient[1:], -0.05))


def test_same_seed_gives_the_same_training():
    outcomes = []
    for seed in ("1", "1", "2"):
        torch.manual_seed(123)
        args = arguments("--mock", "--seed", seed)
        torch.manual_seed(args.seed)
        model = yinyang.build_model(args)
        optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
        data = hxsnn.datasets.YinYangDataset(size=40, seed=args.seed)
        batches = list(torch.utils.data.DataLoader(data, len(data)))
        outcomes.append([yinyang.train(model, batches, optimizer, args, 1), yinyang.test(model, batches, args, 1)])
    assert outcomes[0] == outcomes[1] != outcomes[2]


def test_in_the_loop_says_which_chip_it_was(ideal_chip, capsys):
    accuracy = yinyang.main(arguments())
    last = capsys.readouterr().out.splitlines()[-1]
    chip = ", ".join(f"{name} {value}" for name, value in ideal_chip.connection.describe().items())
    assert last == f"test accuracy {accuracy:.3f} on {chip}"
    assert not ideal_chip.closed


def test_opens_and_releases_the_default_chip_itself(monkeypatch, capsys):
    monkeypatch.setenv("HXTORCH_FIDELITY", "ideal")
    monkeypatch.setenv("HXTORCH_CHIP", "emulated-2")
    yinyang.main(arguments())
    assert "serial emulated-2, fidelity ideal" in capsys.readouterr().out
    with pytest.raises(NoConnectionError):
        current_session()


def test_chip_is_released_after_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("HXTORCH_FIDELITY", "ideal")
    path = tmp_path / "none.pkl"
    path.write_bytes(b"\x80\x04N.")
    with pytest.raises(CalibrationFormatError):
        yinyang.main(arguments("--calibration-path", str(path)))
    with pytest.raises(NoConnectionError):
        current_session()
    hxtorch.release_hardware()


def test_figure(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "new folder" / "yinyang.png"
    yinyang.main(arguments("--mock", "--epochs", "1", "--plot-path", str(path)))
    assert path.read_bytes().startswith(b"\x89PNG")
    yinyang.plot([1.0, 0.5], [0.4, 0.8], [0.9, 0.6], [0.5, 0.7], arguments("--plot-path", str(path)))
