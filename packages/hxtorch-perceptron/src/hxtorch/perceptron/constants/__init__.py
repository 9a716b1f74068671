"""Ranges and sizes of the analog core, and under :mod:`defaults` what operations take when nothing is said."""

from hxtorch.core.constants import hardware_matrix_height as hardware_matrix_height
from hxtorch.core.constants import hardware_matrix_width as hardware_matrix_width
from hxtorch.core.constants import input_activation_max as input_activation_max
from hxtorch.core.constants import input_activation_min as input_activation_min
from hxtorch.core.constants import output_activation_max as output_activation_max
from hxtorch.core.constants import output_activation_min as output_activation_min
from hxtorch.core.constants import synaptic_weight_max as synaptic_weight_max
from hxtorch.core.constants import synaptic_weight_min as synaptic_weight_min
from hxtorch.perceptron.constants import defaults as defaults
