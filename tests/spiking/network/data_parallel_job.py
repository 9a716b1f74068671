"""Train with one chip per process; started by torchrun from a test."""

import gc
import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from hxtorch import snn as hxsnn
from hxtorch.core import calibration, open_session


def units():
    """Return potentials that the model counts from the rest, in parts of the threshold."""
    return {
        "leak": hxsnn.MixedHXModelParameter(0.0, 80),
        "reset": hxsnn.MixedHXModelParameter(0.0, 80),
    }


class Net(torch.nn.Module):
    """5 -> 6 LIF -> 2 LI; the threshold on the chip differs from rank to rank."""

    def __init__(self, rank):
        super().__init__()
        self.exp = hxsnn.Experiment()
        self.hidden = hxsnn.Synapse(5, 6, self.exp)
        threshold = hxsnn.MixedHXModelParameter(torch.ones(6), torch.full((6,), 120.0 + 5 * rank))
        self.lif = hxsnn.Neuron(
            6,
            self.exp,
            leak=units()["leak"],
            reset=units()["reset"],
            threshold=threshold,
            trace_offset=-48.0,
            trace_scale=1 / 45,
        )
        self.out = hxsnn.Synapse(6, 2, self.exp)
        self.li = hxsnn.ReadoutNeuron(2, self.exp, leak=units()["leak"], trace_offset=-48.0, trace_scale=1 / 45)
        torch.nn.init.normal_(self.hidden.weight, 40, 10)
        torch.nn.init.normal_(self.out.weight, 0, 30)

    def forward(self, spikes):
        """Return the readout's largest membranes (batch, 2)."""
        y = self.li(self.out(self.lif(self.hidden(hxsnn.NeuronHandle(spikes)))))
        hxsnn.run(self.exp, len(spikes))
        return y.membrane_cadc.amax(0)


def gradients(net):
    return [parameter.grad.flatten().tolist() for parameter in net.parameters()]


def train(rank, folder):
    """Return gradients alone and averaged, the weights that they led to, and what was calibrated on the way."""
    targets = []
    for_target = calibration.for_target
    calibration.for_target = lambda *arguments: targets.append(for_target(*arguments)) or targets[-1]
    torch.manual_seed(rank)  # DDP hands out the parameters of rank 0
    with open_session(serial=f"emulated-{rank + 1}", fidelity="calibrated", seed=0):
        net = Net(rank)
        parallel = DistributedDataParallel(net)
        spikes = (torch.rand(30, 8, 5, generator=torch.Generator().manual_seed(rank)) < 0.1).float()
        labels = torch.arange(8) % 2
        checkpoint = Path(folder) / f"checkpoint-{rank}"
        hxsnn.save_checkpoint(checkpoint, net)
        with parallel.no_sync():
            torch.nn.functional.cross_entropy(parallel(spikes), labels).backward()
        local = gradients(net)
        net.zero_grad()
        hxsnn.load_checkpoint(checkpoint, net)  # the same noise again
        torch.nn.functional.cross_entropy(parallel(spikes), labels).backward()
        averaged = gradients(net)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.5)
        for _ in range(2):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(parallel(spikes), labels).backward()
            optimizer.step()
        return {
            "serials": sorted({info.serial for info in net.exp.execution_info} | {made.serial for made in targets}),
            "thresholds": [float(made.target.per_neuron("threshold")[0]) for made in targets],
            "local": local,
            "averaged": averaged,
            "weights": [parameter.flatten().tolist() for parameter in net.parameters()],
            "state": sorted(net.state_dict()),
        }


def main(folder):
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    (Path(folder) / f"{rank}.json").write_text(json.dumps(train(rank, folder)))
    # The group joins its threads when nobody holds it any more, so the model, whose hooks form cycles, has to be gone
    # by then. A thread of gloo that outlives the interpreter aborts the process, as does a peer that left too early.
    gc.collect()
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
