"""Train scikit-learn's digits with the whole chip in the loop: ``python -m hxtorch.examples.spiking.digits``.

The images of 8 x 8 pixels are enlarged to 16 x 16, and a bright pixel spikes early. 256 inputs, 246 hidden neurons and
10 leaky integrators. A circuit takes 128 signed inputs, so each neuron is two, and the network is all 512 circuits of a
chip. One of its size was trained there by Cramer et al., "Surrogate gradients for analog neuromorphic computing", PNAS
119, 2022.
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate

from hxtorch import spiking as hxsnn
from hxtorch.core import current_session
from hxtorch.spiking.morphology import SingleCompartmentNeuron
from hxtorch.spiking.transforms.decode import MaxOverTime
from hxtorch.spiking.transforms.encode import PixelsToSpikeTimes, SpikeTimesToDense
from hxtorch.spiking.transforms.weight_transforms import linear_saturating
from hxtorch.spiking.utils.connection import connected

SIDE, CLASSES = 16, 10
TEST_SHARE = 0.2
MAX_WEIGHT = 63


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of all settings; times are in seconds."""
    parser = argparse.ArgumentParser(prog="python -m hxtorch.examples.spiking.digits", description=__doc__)
    add = parser.add_argument
    add("--mock", action="store_true", help="train the numerics alone, without a chip")
    add("--seed", type=int, default=0, help="of weights and the order of samples; the split is always the same")
    add("--epochs", type=int, default=20)
    add("--batch-size", type=int, default=50)
    add("--lr", type=float, default=3e-3, help="learning rate of Adam")
    add("--gamma", type=float, default=0.88, help="factor of the learning rate from epoch to epoch")
    add("--dt", type=float, default=1e-6)
    add("--t-sim", type=float, default=32e-6, help="length of a run")
    add("--tau", type=float, default=6e-6, help="time constants of membranes and synapses")
    add("--n-hidden", type=int, default=246)
    add("--alpha", type=float, default=50.0, help="steepness of the surrogate derivative")
    add("--pixel-tau", type=float, default=8.0)
    add("--pixel-threshold", type=float, default=0.2)
    add("--weight-scale", type=float, default=70.0, help="LSB per model unit of weight")
    add("--trace-scale", type=float, default=0.0147, help="model units per CADC LSB")
    add("--weight-init-hidden", type=float, nargs=2, default=(0.02, 0.1), help="mean and standard deviation")
    # A mean above 0: the largest membrane of a readout that only falls is its first sample, which no weight moves.
    add("--weight-init-output", type=float, nargs=2, default=(0.02, 0.05))
    add("--reg-bursts", type=float, default=2e-4, help="weight of the mean square of spikes per hidden neuron")
    add("--readout-scale", type=float, default=5.0, help="factor on readout membranes")
    return parser


def load() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return images (sample, pixel) in [0, 1] and labels for training, and the same for tests."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped, unused-ignore]  # optional

    data = load_digits()
    images = torch.tensor(data.images, dtype=torch.float32)[:, None] / 16
    pixels = interpolate(images, (SIDE, SIDE), mode="bilinear").flatten(1)
    labels = torch.tensor(data.target, dtype=torch.long)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    tests = int(TEST_SHARE * len(order))
    test, train = order[:tests], order[tests:]
    return (pixels[train], labels[train]), (pixels[test], labels[test])


class Network(torch.nn.Module):
    """Pixels -> spike times -> LIF neurons -> leaky integrators -> their largest membranes."""

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__()
        self.steps = round(args.t_sim / args.dt)
        self.limit = MAX_WEIGHT / args.weight_scale
        self.readout_scale = args.readout_scale
        self.encode = torch.nn.Sequential(
            PixelsToSpikeTimes(tau=args.pixel_tau, threshold=args.pixel_threshold, t_max=float(self.steps)),
            SpikeTimesToDense(1.0, self.steps, dtype=torch.float32),
        )
        self.experiment = hxsnn.Experiment(mock=args.mock, dt=args.dt)
        transform = partial(linear_saturating, scale=args.weight_scale)
        neuron = {
            "leak": hxsnn.MixedHXModelParameter(0.0, 80),
            "tau_mem": args.tau,
            "tau_syn": args.tau,
            "membrane_capacitance": hxsnn.MixedHXModelParameter(args.tau, 63),
            "i_synin_gm": 500,
            "synapse_dac_bias": 1000,
            "trace_scale": args.trace_scale,
            "shift_cadc_to_first": True,
            "neuron_structure": SingleCompartmentNeuron(2),
        }
        self.linear_h = hxsnn.Synapse(SIDE**2, args.n_hidden, self.experiment, transform=transform)
        self.lif_h = hxsnn.LIF(
            args.n_hidden,
            self.experiment,
            reset=hxsnn.MixedHXModelParameter(0.0, 80),
            threshold=hxsnn.MixedHXModelParameter(1.0, 150),
            refractory_time=2e-6,
            alpha=args.alpha,
            enable_cadc_recording=True,
            **neuron,
        )
        self.linear_o = hxsnn.Synapse(args.n_hidden, CLASSES, self.experiment, transform=transform)
        self.li_readout = hxsnn.LI(CLASSES, self.experiment, **neuron)
        self.decode = MaxOverTime()
        self.linear_h.reset_parameters(*args.weight_init_hidden)
        self.linear_o.reset_parameters(*args.weight_init_output)
        self.hidden = hxsnn.NeuronHandle()

    def forward(self, pixels: Tensor) -> Tensor:
        """Return scores (sample, class) of pixels (sample, 256)."""
        with torch.no_grad():  # weights stay where the chip follows them, so that training does not push them further
            for synapse in (self.linear_h, self.linear_o):
                synapse.weight.clamp_(-self.limit, self.limit)
        self.hidden = self.lif_h(self.linear_h(hxsnn.NeuronHandle(self.encode(pixels))))
        readout = self.li_readout(self.linear_o(self.hidden))
        hxsnn.run(self.experiment, self.steps)
        scores: Tensor = self.decode(self.readout_scale * readout.filled())
        return scores


def main(args: argparse.Namespace) -> list[float]:
    """Train and test; a chip is opened unless one is open.

    Returns:
        Test accuracy after each epoch.
    """
    with nullcontext() if args.mock else connected():
        return _main(args)


def _main(args: argparse.Namespace) -> list[float]:
    torch.manual_seed(args.seed)
    (pixels, labels), (test_pixels, test_labels) = load()
    network = Network(args)
    optimizer = torch.optim.Adam(network.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, args.gamma)
    accuracies: list[float] = []
    for epoch in range(1, args.epochs + 1):
        losses, hits = 0.0, 0
        order = torch.randperm(len(labels))
        for start in range(0, len(order), args.batch_size):
            batch = order[start : start + args.batch_size]
            optimizer.zero_grad()
            scores = network(pixels[batch])
            loss = cross_entropy(scores, labels[batch])
            bursts = args.reg_bursts * network.hidden.filled().sum(0).square().mean()
            torch.autograd.backward(loss + bursts)
            optimizer.step()
            losses += loss.item() * len(batch)
            hits += int((scores.argmax(1) == labels[batch]).sum())
        scheduler.step()
        with torch.no_grad():
            found = [network(test_pixels[k : k + 100]).argmax(1) for k in range(0, len(test_labels), 100)]
        accuracies.append(float((torch.cat(found) == test_labels).float().mean()))
        print(
            f"epoch {epoch}: train loss {losses / len(labels):.3f}, accuracy {hits / len(labels):.3f}; "
            f"test accuracy {accuracies[-1]:.3f}"
        )
    chip = {"backend": "mock"} if args.mock else current_session().connection.describe()
    print("trained on " + ", ".join(f"{name} {value}" for name, value in chip.items()))
    return accuracies


if __name__ == "__main__":
    main(get_parser().parse_args())
