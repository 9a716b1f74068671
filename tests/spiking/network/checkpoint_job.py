"""Train a small network with the chip in the loop; run by tests, in their process and in new ones."""

import argparse

import torch
from torch.utils.data import DataLoader, TensorDataset

from hxtorch import snn as hxsnn
from hxtorch.core import open_session


def units():
    """Return potentials that the model counts from the rest, in parts of the threshold."""
    return {
        "leak": hxsnn.MixedHXModelParameter(0.0, 80),
        "reset": hxsnn.MixedHXModelParameter(0.0, 80),
        "threshold": hxsnn.MixedHXModelParameter(1.0, 125),
    }


class Net(torch.nn.Module):
    """5 -> 8 LIF with dropout -> 2 LI, a trained threshold among its parameters."""

    def __init__(self):
        super().__init__()
        self.exp = hxsnn.Experiment()
        self.hidden = hxsnn.Synapse(5, 8, self.exp)
        self.lif = hxsnn.Neuron(8, self.exp, **units(), trace_offset=-48.0, trace_scale=1 / 45)
        self.lif.leak.make_trainable()
        self.dropout = hxsnn.BatchDropout(8, 0.2, self.exp)
        self.out = hxsnn.Synapse(8, 2, self.exp)
        self.li = hxsnn.ReadoutNeuron(2, self.exp, leak=units()["leak"], trace_offset=-48.0, trace_scale=1 / 45)
        torch.nn.init.normal_(self.hidden.weight, 40, 10)
        torch.nn.init.normal_(self.out.weight, 0, 30)

    def forward(self, spikes):
        """Return the readout's largest membranes (batch, 2)."""
        z = self.dropout(self.lif(self.hidden(hxsnn.NeuronHandle(spikes.transpose(0, 1)))))
        y = self.li(self.out(z))
        hxsnn.run(self.exp, spikes.shape[1])
        return y.membrane_cadc.amax(0)


def train(epochs, load=None, save=None):
    """Train from the start or from a checkpoint, and return all parameters."""
    torch.manual_seed(0)
    order = torch.Generator().manual_seed(1)
    spikes = (torch.rand(40, 30, 5, generator=torch.Generator().manual_seed(2)) < 0.1).float()
    loader = DataLoader(TensorDataset(spikes, torch.arange(40) % 2), 10, shuffle=True, generator=order)
    with open_session(serial="emulated-1", fidelity="calibrated", seed=3):
        net = Net()
        optimizer = torch.optim.Adam(net.parameters(), lr=0.5)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9)
        parts = (net, optimizer, scheduler, {"order": order})
        if load:
            assert hxsnn.load_checkpoint(load, *parts) == {"epochs": epochs, "loss": (0.5, None)}
        for _ in range(epochs):
            for inputs, labels in loader:
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(net(inputs), labels).backward()
                optimizer.step()
            scheduler.step()
        if save:
            hxsnn.save_checkpoint(save, *parts, extra={"epochs": epochs, "loss": (0.5, None)})
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("load")
    parser.add_argument("save")
    args = parser.parse_args()
    train(2, args.load, args.save)
