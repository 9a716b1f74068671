"""A neuron that configures its circuits, decodes its recordings, and sits where it is told to."""

import pygrenade_vx as grenade
import torch
from dlens_vx_v3 import halco, lola

import hxtorch
import hxtorch.spiking as hxsnn
from hxtorch.spiking.morphology import Morphology
from hxtorch.spiking.utils.calib_helper import nightly_calib_path

configured, decoded = [], []


class Observed(hxsnn.LIF):
    """Switches the threshold comparators of odd neurons off."""

    def configure_hw_entity(
        self, neuron_id: int, neuron_block: lola.NeuronBlock, coord: halco.LogicalNeuronOnDLS
    ) -> lola.NeuronBlock:
        """Change what the library wrote; the number counts inside the layer."""
        neuron_block = super().configure_hw_entity(neuron_id, neuron_block, coord)
        configured.append((neuron_id, int(coord.get_atomic_neurons()[0])))
        if neuron_id % 2:
            Morphology.disable_spiking(coord, neuron_block)
        return neuron_block

    def post_process(self, hw_data, runtime):
        """See what came from the chip."""
        decoded.append((hw_data.spikes is not None, hw_data.cadc is not None, hw_data.madc is not None))
        return super().post_process(hw_data, runtime)


class MyInstance(hxsnn.ExecutionInstance):
    """Counts how often it is asked for its hooks."""

    asked = 0

    def generate_playback_hooks(self) -> grenade.execution.ExecutionInstanceHooks:
        """Give those of the library."""
        MyInstance.asked += 1
        return super().generate_playback_hooks()


hxtorch.init_hardware()
exp = hxsnn.Experiment(dt=1e-6)
instance = MyInstance(nightly_calib_path("spiking"))
first, second = hxsnn.Synapse(5, 3, exp, instance), hxsnn.Synapse(3, 4, exp, instance)
first.weight.data.fill_(63)
second.weight.data.fill_(63)
hidden = hxsnn.LIF(3, exp, execution_instance=instance)
one = halco.LogicalNeuronCompartments()
places = [halco.LogicalNeuronOnDLS(one, halco.AtomicNeuronOnDLS(k)) for k in range(300, 304)]
lif = Observed(4, exp, execution_instance=instance, placement_constraint=places)
inputs = torch.zeros(60, 2, 5)
inputs[10:40:3] = 1
z = hidden(first(hxsnn.LIFObservables(spikes=inputs)))
y = lif(second(z))
info = hxsnn.run(exp, 60)
counts = y.spikes.sum((0, 1))
hxtorch.release_hardware()
