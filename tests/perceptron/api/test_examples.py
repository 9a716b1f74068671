"""Regression: the examples run; and the reader of MNIST takes what is right and says what is wrong."""

import gzip
import struct
import sys

import pytest
import torch

import hxtorch.perceptron as hxp
from hxtorch.core import open_session
from hxtorch.examples.perceptron import images, minimal, mnist
from hxtorch.examples.perceptron.confusion import confusion_matrix, draw_confusion


@pytest.fixture
def small(monkeypatch):
    """MNIST with 30 samples for training and 10 for testing."""
    monkeypatch.setattr(images, "_SIZES", {True: 30, False: 10})


def idx(values):
    return bytes((0, 0, 8, values.dim())) + struct.pack(f">{values.dim()}I", *values.shape) + values.numpy().tobytes()


def write_raw(folder, samples, stem, compress):
    pixels = torch.randint(0, 256, (samples, 28, 28), dtype=torch.uint8)
    labels = torch.arange(samples, dtype=torch.uint8) % 10
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in ((f"{stem}-images-idx3-ubyte", pixels), (f"{stem}-labels-idx1-ubyte", labels)):
        content = idx(values)
        path = folder / (f"{name}.gz" if compress else name)
        path.write_bytes(gzip.compress(content) if compress else content)
    return pixels, labels


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("folder", ["", "MNIST/raw"])
def test_raw_files_are_read_as_activations(small, tmp_path, folder, compress):
    pixels, labels = write_raw(tmp_path / folder, 30, "train", compress)
    write_raw(tmp_path / folder, 10, "t10k", compress)
    dataset = mnist.MNIST(tmp_path, train=True)
    assert len(dataset) == 30
    assert len(mnist.MNIST(str(tmp_path), train=False)) == 10
    image, target = dataset[3]
    assert image.shape == (1, 28, 28)
    assert target == labels[3]
    assert torch.equal(image[0], (pixels[3].float() * 31 / 255).round())
    assert dataset.data.max() <= 31


def test_processed_tensors_are_read(small, tmp_path):
    pixels, labels = torch.full((10, 28, 28), 255, dtype=torch.uint8), torch.arange(10)
    (tmp_path / "processed").mkdir()
    torch.save((pixels, labels), tmp_path / "processed" / "test.pt")
    dataset = mnist.MNIST(tmp_path, train=False)
    assert (dataset.data == 31).all()
    assert torch.equal(dataset.targets, labels)


def test_what_is_missing_or_damaged_is_named(small, tmp_path):
    with pytest.raises(ValueError, match="train-images-idx3-ubyte"):
        mnist.MNIST(tmp_path)
    write_raw(tmp_path, 30, "train", compress=False)
    with pytest.raises(ValueError, match="t10k-labels-idx1-ubyte"):
        mnist.MNIST(tmp_path, train=False)
    path = tmp_path / "train-images-idx3-ubyte"
    content = path.read_bytes()
    for damaged, words in (
        (content[:-1], "its header says"),
        (content[:3], "not an IDX file"),
        (b"\x80" + content[1:], "not an IDX file"),
        (content[:4] + struct.pack(">3I", 29, 28, 28) + content[16 : 16 + 29 * 784], r"wanted \(30, 28, 28\)"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=words):
            mnist.MNIST(tmp_path)
    path.write_bytes(content)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(torch.full((30,), 10, dtype=torch.uint8)))
    with pytest.raises(ValueError, match="got label 10"):
        mnist.MNIST(tmp_path)
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (tmp_path / name).unlink()
    (tmp_path / "training.pt").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match="not a file of tensors"):
        mnist.MNIST(tmp_path)
    torch.save([1, 2, 3], tmp_path / "training.pt")
    with pytest.raises(ValueError, match="tuple of images and labels"):
        mnist.MNIST(tmp_path)


@pytest.mark.parametrize(("fraction", "kept"), [(1.0, 50), (0.5, 25), (1e-9, 1)])
def test_shrinking_keeps_the_first_part(fraction, kept):
    dataset = images.Images(torch.arange(50.0), torch.arange(50))
    small = mnist.shrink_dataset(dataset, fraction)
    assert len(small) == kept
    assert small[0] == dataset[0]
    for bad in (0.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="fraction"):
            mnist.shrink_dataset(dataset, bad)


def test_a_confusion_matrix_counts_pairs_and_is_drawn(tmp_path):
    counts = confusion_matrix(torch.tensor([0, 1, 1, 2]), torch.tensor([0, 1, 2, 2]), 3)
    assert counts.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    pytest.importorskip("matplotlib")
    draw_confusion(counts, str(tmp_path / "confusion.png"))
    assert (tmp_path / "confusion.png").stat().st_size > 1000


def test_images_of_mnist_pass_the_network():
    model = mnist.Model(mock=True)
    logits = model(torch.randint(0, 32, (2, 1, 28, 28)).float())
    assert logits.shape == (2, 10)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_initialisation_sets_or_measures_the_mock_parameters():
    mnist.init(mock=True, mock_noise_std=1.6, mock_gain=0.0018)
    assert hxp.get_mock_parameter() == hxp.MockParameter(1.6, 0.0018)
    with open_session(fidelity="calibrated"):
        mnist.init()
    assert hxp.get_mock_parameter() != hxp.MockParameter(1.6, 0.0018)
    assert abs(hxp.get_mock_parameter().gain / 0.002 - 1) < 0.25


@pytest.mark.parametrize("terminal", [True, False])
def test_only_terminals_get_a_progress_bar(capsys, monkeypatch, terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    model = torch.nn.Linear(3, 2)
    batches = [(torch.ones(4, 3), torch.zeros(4, dtype=torch.int64))] * 2
    mnist.train(model, batches, torch.optim.SGD(model.parameters(), 0.1))
    captured = capsys.readouterr()
    assert ("batch/s" in captured.out) == terminal
    assert not captured.err


def test_digits_are_learnt_by_the_mock_model(tmp_path, capsys, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    args = mnist.get_parser().parse_args(["--mock", "--epochs", "3", "--data-path", str(tmp_path)])
    accuracy = mnist.main(args)
    assert accuracy > 0.9
    captured = capsys.readouterr()
    assert not captured.err  # bars and lines share a stream, so that a line never starts behind a bar
    lines = [line.rsplit("\r", 1)[-1] for line in captured.out.rstrip("\n").split("\n")]  # what a terminal shows
    assert "no MNIST" in lines[0]
    epochs = [line for line in lines if line.startswith("mock epoch")]
    assert [line.split(":")[0] for line in epochs] == ["mock epoch  1", "mock epoch  2", "mock epoch  3"]
    assert lines[-1] == f"test accuracy: {accuracy:.4f}"
    assert not any("batch/s" in line for line in lines)


def test_digits_are_learnt_in_the_loop_and_moved(tmp_path, capsys):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    options = ["--epochs", "2", "--loop-epochs", "1", "--dataset", "digits", "--reduce-data", "0.5", "--lr", "2"]
    args = mnist.get_parser().parse_args([*options, "--plot-path", str(tmp_path / "new" / "confusion.png")])
    with open_session(fidelity="calibrated"):
        assert mnist.main(args) > 0.85
    assert "loop epoch  1" in capsys.readouterr().out
    assert (tmp_path / "new" / "confusion.png").exists()


def test_the_minimal_example_shows_the_chip_beside_the_model(capsys):
    on_chip, mocked = minimal.main()
    assert abs(on_chip.mean() - mocked.mean()) < 10
    assert capsys.readouterr().out.startswith("chip: [")


def test_options_of_the_other_generation_are_the_same_settings():
    text = "--epochs=1 --dataset-fraction=0.05 --batch-size=30 --data-path=x --calibration-path=y --mock"
    args = mnist.get_parser().parse_args(text.split())
    assert (args.reduce_data, args.epochs, args.batch_size, args.calibration_path) == (0.05, 1, 30, "y")


def test_any_data_set_can_be_shrunk():
    small = mnist.shrink_dataset(torch.utils.data.TensorDataset(torch.arange(50.0)), 0.1)
    assert [float(value) for (value,) in small] == [0, 1, 2, 3, 4]
