"""Memory of a training step of inputs -> LIF -> LI, 100 steps, in a fresh process, against what it has to hold.

Bar: 1.3 times that for 128 -> 500 LIF -> 3 LI, batch 500.

That is: the inputs, the outputs (weighted spikes and traces), and what the way back needs (membranes before the reset,
and one byte per step and neuron for events, whether they are kept or computed again).
"""

import subprocess
import sys
from pathlib import Path

import pytest

STEP = """
import re, torch
from pathlib import Path
from hxtorch import snn as hxsnn

torch.set_num_threads(1)
SOURCES, HIDDEN, OUTPUTS, STEPS, DT = {sizes}, 100, 1e-6
exp = hxsnn.Experiment(mock=True, dt=DT)
first, second = hxsnn.Synapse(SOURCES, HIDDEN, exp), hxsnn.Synapse(HIDDEN, OUTPUTS, exp)
zero, one = hxsnn.MixedHXModelParameter(0.0, 80), hxsnn.MixedHXModelParameter(1.0, 125)
lif = hxsnn.LIF(HIDDEN, exp, leak=zero, reset=zero, threshold=one, enable_cadc_recording={traces})
li = hxsnn.LI(OUTPUTS, exp, leak=zero)
torch.nn.init.normal_(first.weight, 0.5, 1.0)
optimizer = torch.optim.Adam([*first.parameters(), *second.parameters()])

def step(spikes):
    optimizer.zero_grad()
    z = lif(first(hxsnn.NeuronHandle(spikes)))
    y = li(second(z))
    hxsnn.run(exp, None)
    y.membrane_cadc.amax(0).logsumexp(1).mean().backward()
    optimizer.step()

def peak():
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

for _ in range(3):
    step((torch.rand(STEPS, 2, SOURCES) < 0.05).float())
before = peak()
batch = {batch}
spikes = (torch.rand(STEPS, batch, SOURCES) < 0.05).float()
for _ in range(3):
    step(spikes)
used = peak() - before
lanes = STEPS * batch
outputs = lanes * (HIDDEN * (2 + 2 * {traces}) + OUTPUTS * 3) * 4
back = lanes * HIDDEN * (4 + 1)
print(used / (lanes * SOURCES * 4 + outputs + back), used / 2**20)
"""


@pytest.mark.parametrize("traces", [False, True], ids=["spikes only", "full traces"])
@pytest.mark.parametrize(("sizes", "batch", "bar"), [("5, 120, 3", 1000, 1.4), ("128, 500, 3", 500, 1.3)])
def test_memory_of_a_training_step(note, sizes, batch, bar, traces):
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell what a process holds")
    command = [sys.executable, "-c", STEP.format(traces=traces, sizes=sizes, batch=batch)]
    ratio, size = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
    note(f"{float(ratio):.2f} x what it has to hold, {float(size):.0f} MiB, one thread")
    assert float(ratio) <= bar
