"""Checked integers to the operations of the chip's host library and back; nothing else here talks to it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hxtorch.core import MAC, MatrixProgram, Operation, current_session
from hxtorch.perceptron.recording import MembraneRecording


def multiply(
    activations: np.ndarray,
    weights: np.ndarray,
    num_sends: int,
    wait_between_events: int,
    recording: MembraneRecording | None = None,
) -> np.ndarray:
    """Multiply a batch of vectors with a matrix, which were rounded and checked: they are not looked at.

    Args:
        activations: uint8 0..31 (batch, rows).
        weights: int8 -63..63 (rows, columns).
        num_sends: How often to send the vectors.
        wait_between_events: FPGA cycles of 8 ns.
        recording: What to record meanwhile, or None.

    Returns:
        int8 (batch, columns).

    Raises:
        NoConnectionError: No chip is connected.
        RecordingError: The recording cannot be made.
    """
    session = current_session()
    if recording is not None:
        recording.check(weights.shape[1])
    column = None if recording is None else recording.neuron
    configuration = session.matrix_configuration
    result = session.run_matrix(
        MatrixProgram.of_bytes(configuration, weights, activations, num_sends, wait_between_events, column)
    )
    if recording is not None and result.madc is not None:
        recording.append(result.madc, result.info.run)
    return result.values


def multiply_patches(
    images: np.ndarray,
    matrix: np.ndarray,
    patches: tuple[np.ndarray, np.ndarray],
    num_sends: int,
    wait_between_events: int,
) -> np.ndarray:
    """Multiply the patches of images with one matrix.

    Args:
        images: uint8 0..31 (images, values).
        matrix: int8 -63..63 (rows, columns).
        patches: Starts and offsets, see :class:`~hxtorch.core.MatrixProgram`.
        num_sends: How often to send each patch.
        wait_between_events: FPGA cycles of 8 ns.

    Returns:
        int8 (images * patches, columns).

    Raises:
        NoConnectionError: No chip is connected.
    """
    return MAC(matrix, num_sends, wait_between_events).execute(images, current_session(), patches).values


def apply(operation: Operation, values: Tensor) -> Tensor:
    """Run a digital ``operation`` on integers -128..127.

    Args:
        operation: What to do.
        values: int8, any device.

    Returns:
        Integers on the same device, shape as ``operation`` gives it.

    Raises:
        NoConnectionError: No chip is connected; the operation belongs to it, although the host computes it.
    """
    return torch.from_numpy(operation.run(values.cpu().numpy(), current_session())).to(values.device)
