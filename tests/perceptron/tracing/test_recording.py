"""Contract: one membrane is recorded by MADC to a CSV file."""

import csv

import pytest
import torch

import hxtorch.perceptron as hxp


def read(path):
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [(int(row["run"]), int(row["batch"]), float(row["time_us"]), int(row["madc"])) for row in rows]


@pytest.mark.parametrize("function", [hxp.mac, hxp.matmul])
def test_the_membrane_rises_with_the_charge_that_arrives(ideal, tmp_path, function):
    path = tmp_path / "membrane.csv"
    x, weights = torch.tensor([[0.0], [31.0]]).expand(2, 100).contiguous(), torch.zeros(100, 4)
    weights[:, 2] = 15.0
    function(x, weights, madc_recording_neuron_id=2, madc_recording_path=str(path))
    samples = read(path)
    assert {batch for _, batch, _, _ in samples} == {0, 1}
    for batch in (0, 1):
        times = [time for _, entry, time, _ in samples if entry == batch]
        values = [value for _, entry, _, value in samples if entry == batch]
        assert times == sorted(times)
        assert 4.0 < times[-1] < 100.0
        rise = sum(values[-10:]) / 10 - sum(values[:10]) / 10
        assert (rise > 50) if batch else (abs(rise) < 5)


def test_recordings_are_appended_under_one_header(ideal, tmp_path):
    path = tmp_path / "membrane.csv"
    for _ in range(2):
        hxp.mac(torch.ones(3), torch.ones(3, 2), madc_recording_neuron_id=1, madc_recording_path=str(path))
    assert path.read_text().count("run,batch,time_us,madc\n") == 1
    runs = [run for run, *_ in read(path)]
    assert len(set(runs)) == 2
    assert runs == sorted(runs)


@pytest.mark.parametrize(("neuron", "words"), [(2, "got 2, wanted a column of the matrix, 0..1"), (-1, "got -1")])
def test_a_neuron_without_a_column_is_refused(ideal, tmp_path, neuron, words):
    with pytest.raises(RuntimeError, match=words):
        hxp.mac(
            torch.ones(3),
            torch.ones(3, 2),
            madc_recording_neuron_id=neuron,
            madc_recording_path=str(tmp_path / "membrane.csv"),
        )
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_refused_before_anything_is_sent(ideal, tmp_path):
    before = ideal.connection.run_counter
    with pytest.raises(RuntimeError, match="does not exist"):
        hxp.mac(torch.ones(3), torch.ones(3, 2), madc_recording_path=str(tmp_path / "missing" / "membrane.csv"))
    assert ideal.connection.run_counter == before
