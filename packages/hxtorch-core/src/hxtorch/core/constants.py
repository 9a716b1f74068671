"""Ranges and sizes of matrix products on the chip, and defaults of the operations on it.

Source: chip facts 2.4.
"""

from bss2_emulator.facts import constants as facts

synaptic_weight_min: int = -facts.MAX_WEIGHT
synaptic_weight_max: int = facts.MAX_WEIGHT
input_activation_min: int = 0
input_activation_max: int = facts.MAX_ACTIVATION
output_activation_min: int = -128
output_activation_max: int = 127
hardware_matrix_height: int = facts.TILE_ROWS  # signed rows of one tile
hardware_matrix_width: int = facts.COLUMNS  # columns of one tile

default_num_sends: int = 1
default_wait_between_events: int = facts.HAGEN_WAIT  # cycles of 8 ns
default_gain: float = facts.HAGEN_GAIN  # of the mock model: LSB of the result per LSB of weight and activation
default_noise_std: float = 2.0  # of the mock model: LSB, one tile
