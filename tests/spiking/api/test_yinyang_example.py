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
    net = SNN(5, 8, 3, mock=False, weight_scale=70.0)
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
    accuracy = yinyang.main(arguments("--mock"))[3][-1]
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
    assert yinyang.main(args)[3][-1] >= 0.5


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
    accuracy = yinyang.main(arguments())[3][-1]
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


def test_main_returns_four_curves_over_epochs():
    curves = yinyang.main(arguments("--mock", "--epochs", "3"))
    assert [len(curve) for curve in curves] == [3, 3, 3, 3]
    assert all(loss > 0 for loss in curves[0] + curves[2])
    assert all(0 <= accuracy <= 1 for accuracy in curves[1] + curves[3])
    assert [len(curve) for curve in yinyang.main(arguments("--mock", "--epochs", "0"))] == [0, 0, 1, 1]


OTHER_GENERATION = (
    "--alpha=150 --batch-size=50 --dt=1e-06 --epochs=1 --gamma=0.9 --lr=0.002 --n-hidden=120 --readout-scaling=10. "
    "--reg-readout=0.0004 --seed=0 --step-size=10 --tau-mem=6e-06 --tau-syn=6e-06 --testset-size=10 "
    "--trainset-size=50 --t-bias=2e-06 --t-early=2e-06 --t-late=2.6e-05 --t-sim=3.8e-05 --t-shift=0.0 "
    "--trace-scale=0.0147 --weight-scale=70 --weight-init-hidden-mean=0.25 --weight-init-hidden-std=0.25 "
    "--weight-init-out-mean=0 --weight-init-out-std=0.1 --gradient-estimator=eventprop --mock"
)


def test_options_of_the_other_generation_are_the_same_settings():
    args = yinyang.get_parser().parse_args(OTHER_GENERATION.split())
    model = yinyang.build_model(args)
    assert model.readout_scale == 10
    assert isinstance(model.network.lif_h, hxsnn.EventPropLIF)
    assert args.weight_init_output_std == 0.1
    assert [len(curve) for curve in yinyang.main(args)] == [1, 1, 1, 1]


@pytest.mark.parametrize("shift", [0.0, 3e-6])
def test_one_time_shifts_all_membranes(shift):
    network = yinyang.build_model(arguments("--t-shift", str(shift), "--trace-shift-out", "1")).network
    assert network.lif_h.cadc_time_shift == round(shift / 1e-6)
    assert network.li_readout.cadc_time_shift == round(shift / 1e-6) + 1


def test_defaults_of_the_network_are_those_of_the_documents():
    net = SNN(5, 8, 3, True)
    assert type(net.linear_h) is hxsnn.Synapse
    assert net.linear_h.weight.shape == (8, 5)
    assert net.linear_h.weight.abs().max() <= 5**-0.5
    assert not net.lif_h.enable_cadc_recording
    assert (net.lif_h.tau_mem.model_value, net.lif_h.tau_syn.model_value, net.lif_h.alpha) == (8e-6, 8e-6, 50)


def test_path_by_position_is_the_calibration_as_in_older_versions(ideal_chip, tmp_path):
    path = str(calibration.save(calibration.for_target(ideal_chip.connection, calibration.preset("spiking2")),
                                tmp_path / "calibration"))  # fmt: skip
    older = SNN(5, 8, 3, False, path, 0.5e-6, 7e-6)
    newer = SNN(5, 8, 3, False, 0.5e-6, 7e-6, calib_path=path)
    for net in (older, newer):
        assert net.experiment.dt == 0.5e-6
        assert net.lif_h.tau_mem.hardware_value == 7e-6
        assert net.experiment.default_execution_instance.calibration is not None
    assert SNN(5, 8, 3, True, None, 0.5e-6).experiment.dt == 0.5e-6
