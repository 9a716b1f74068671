"""How much each imperfection turns EventProp's gradient, by hand: python benchmarks/spiking/eventprop_gradients.py.

Trains yin-yang by EventProp on a chip without imperfections for some epochs. Then, with these weights, compares the
gradient of the hidden weights on chips with one imperfection each to that on the chip without: cosine, mean over chips.
Beside it the surrogate gradient's. Each chip is calibrated as it is. Prints a table in Markdown, sorted.
"""

import argparse
import contextlib
import io
import tempfile
from pathlib import Path

import torch
from eventprop_imperfections import FAST, SWITCHES

from hxtorch.core import calibration
from hxtorch.core.sessions.session import open_session
from hxtorch.examples.spiking import yinyang, yinyang_eventprop
from hxtorch.spiking.datasets import YinYangDataset


@contextlib.contextmanager
def chip(serial, on, folder):
    """Open a chip with the imperfections in ``on``, as the current one, and give the settings to use it."""
    switches = {name: name in on for name in SWITCHES}
    with open_session(serial=serial, fidelity="full", seed=0, imperfections=switches) as session:
        path = Path(folder) / "chip.safetensors"
        calibration.save(calibration.calibrate(session.connection, calibration.preset("spiking2")), path)
        yield ["--calibration-path", str(path)]


def gradients(arguments, state, data):
    """Return the gradients of the hidden weights by EventProp and by the surrogate, flat."""
    points, classes = torch.from_numpy(data.coordinates), torch.from_numpy(data.classes)
    found = []
    for eventprop in (True, False):
        args = yinyang_eventprop.get_parser().parse_args([*FAST, *arguments])
        args.eventprop = eventprop
        model = yinyang.build_model(args)
        model.load_state_dict(state)
        torch.nn.functional.cross_entropy(model(points), classes).backward()
        found.append(model.network.linear_h.weight.grad.flatten())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serials", nargs="+", default=["emulated-1", "emulated-2", "emulated-3"])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--samples", type=int, default=500)
    args = parser.parse_args()
    data = YinYangDataset(size=args.samples, seed=7)
    cases = {f"`{name}`": (name,) for name in SWITCHES} | {"all": SWITCHES, "none": ()}
    cosines = {label: [] for label in cases}
    with tempfile.TemporaryDirectory() as folder:
        with chip(args.serials[0], (), folder) as where, contextlib.redirect_stdout(io.StringIO()):
            settings = yinyang_eventprop.get_parser().parse_args([*where, *FAST, "--trainset-size", "3000"])
            torch.manual_seed(0)
            model = yinyang.build_model(settings)
            optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr)
            train_set = torch.utils.data.DataLoader(YinYangDataset(size=3000, seed=0), 50, shuffle=True)
            for epoch in range(args.epochs):
                yinyang.train(model, train_set, optimizer, settings, epoch)
            state = model.state_dict()
        for serial in args.serials:
            with chip(serial, (), folder) as where:
                wanted = gradients(where, state, data)
            for label, on in cases.items():
                with chip(serial, on, folder) as where:
                    pairs = zip(gradients(where, state, data), wanted, strict=True)
                    cosines[label].append([torch.cosine_similarity(got, law, 0).item() for got, law in pairs])
    print("| imperfection | EventProp | surrogate |\n| --- | --- | --- |")
    means = {label: torch.tensor(values).mean(0).tolist() for label, values in cosines.items()}
    for label, (eventprop, surrogate) in sorted(means.items(), key=lambda item: item[1][0]):
        print(f"| {label} | {eventprop:.2f} | {surrogate:.2f} |")


if __name__ == "__main__":
    main()
