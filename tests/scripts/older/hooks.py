"""A neuron that configures its circuits, decodes its recordings, and sits where it is told to."""

import torch
from dlens_vx_v3 import halco

import hxtorch
import hxtorch.snn as hxsnn
from hxtorch.snn.utils.calib_helper import nightly_calib_path

configured, decoded = [], []


class Observed(hxsnn.Neuron):
    """Switches the threshold comparators of odd neurons off."""

    def configure_hw_entity(self, neuron_id, neuron_block, coord):
        """Change what the library wrote; the number counts inside the layer."""
        neuron_block = super().configure_hw_entity(neuron_id, neuron_block, coord)
        configured.append((neuron_id, int(coord.get_atomic_neurons()[0])))
        if neuron_id % 2:
            self.neuron_structure.disable_spiking(coord, neuron_block)
        return neuron_block

    def post_process(self, hw_spikes, hw_cadc, hw_madc):
        """See what came from the chip."""
        decoded.append((hw_spikes is not None, hw_cadc is not None, hw_madc is not None))
        return super().post_process(hw_spikes, hw_cadc, hw_madc)


hxtorch.init_hardware()
exp = hxsnn.Experiment(dt=1e-6)
exp.load_calib(nightly_calib_path("spiking"))
first, second = hxsnn.Synapse(5, 3, exp), hxsnn.Synapse(3, 4, exp)
first.weight.data.fill_(63)
second.weight.data.fill_(63)
hidden = hxsnn.Neuron(3, exp)
one = halco.LogicalNeuronCompartments()
places = [halco.LogicalNeuronOnDLS(one, halco.AtomicNeuronOnDLS(k)) for k in range(300, 304)]
lif = Observed(4, exp, placement_constraint=places)
inputs = torch.zeros(60, 2, 5)
inputs[10:40:3] = 1
z = hidden(first(hxsnn.NeuronHandle(inputs)))
y = lif(second(z))
hxsnn.run(exp, 60)
counts = y.spikes.sum((0, 1))
hxtorch.release_hardware()
