"""Ranges and sizes of matrix products on the chip, and defaults of the operations on it.

Source: chip facts 2.4.
"""

synaptic_weight_min: int = -63
synaptic_weight_max: int = 63
input_activation_min: int = 0
input_activation_max: int = 31
output_activation_min: int = -128
output_activation_max: int = 127
hardware_matrix_height: int = 128  # signed rows of one tile
hardware_matrix_width: int = 256  # columns of one tile

default_num_sends: int = 1
default_wait_between_events: int = 5  # cycles of 8 ns
default_gain: float = 0.002  # of the mock model: LSB of the result per LSB of weight and activation
default_noise_std: float = 2.0  # of the mock model: LSB, one tile
