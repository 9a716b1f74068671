"""Calibrations as files: safetensors with a JSON manifest in the metadata. Nothing in them is ever executed.

The content decides what a file is, never its name. Layout: tensors ``register/NAME``, ``target/NAME``,
``measured/NAME`` and ``success``; metadata ``manifest``, a JSON table with schema version, kind, serial, fidelity,
provenance and a SHA-256 over everything.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as to_safetensors

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.nominal.codes import nominal_registers
from hxtorch.core.calibration.stored.container import parse_json, read_container
from hxtorch.core.calibration.stored.foreign import explain_foreign
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import TARGETS, CalibTarget
from hxtorch.core.errors import CalibrationFormatError, CalibrationNotFoundError, CalibrationTargetError
from hxtorch.core.files import read_regular, write_whole

SCHEMA = 1
MAX_FILE = 1 << 24  # bytes; a calibration has some ten thousand
_MANIFEST_KEYS = {"schema", "kind", "serial", "fidelity", "provenance", "sha256"}


@checked
def dumps(calibration: Calibration) -> bytes:
    """Return ``calibration`` as the bytes of a file."""
    tensors = _tensors(calibration)
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": calibration.kind,
        "serial": calibration.serial,
        "fidelity": calibration.fidelity,
        "provenance": dict(calibration.provenance),
    }
    manifest["sha256"] = content_hash(manifest, tensors)
    return to_safetensors(tensors, {"manifest": json.dumps(manifest, sort_keys=True)})


@checked
def loads(data: bytes | bytearray | memoryview) -> Calibration:
    """Return the calibration in ``data``.

    Raises:
        CalibrationFormatError: It is none, is damaged, or is of a schema that this version does not know.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise CalibrationFormatError(f"calibration: got a {type(data).__name__}, wanted bytes; load() reads files")
    data = bytes(data)  # arrays of the calibration are views into it, so nobody else may write there
    try:
        metadata, tensors = read_container(data)
    except CalibrationFormatError as error:
        reason = explain_foreign(data)
        raise (CalibrationFormatError(reason) if reason else error) from None
    if not isinstance(metadata.get("manifest"), str):
        raise CalibrationFormatError("calibration file: it is a safetensors file without a calibration's manifest")
    manifest = parse_json(metadata["manifest"], "manifest")
    if manifest.get("schema") != SCHEMA:
        raise CalibrationFormatError(
            f"calibration file: schema {str(manifest.get('schema'))[:20]}, this version reads {SCHEMA}; calibrate again"
        )
    _check_manifest(manifest)
    if manifest["sha256"] != content_hash(manifest, tensors):
        raise CalibrationFormatError("calibration file: its content does not match its SHA-256; it is damaged")
    return _assemble(manifest, tensors)


@checked
def save(calibration: Calibration, path: str | os.PathLike[str]) -> Path:
    """Write ``calibration`` to ``path``, all or nothing: a reader never meets a half-written file."""
    return write_whole(Path(path), dumps(calibration))


@checked
def load(path: str | os.PathLike[str], serial: str | None = None) -> Calibration:
    """Read a calibration from a file of any name.

    Args:
        path: The file.
        serial: Chip that it must belong to, or None to take any. :meth:`Calibration.require_chip` checks fidelity too.

    Raises:
        CalibrationNotFoundError: There is no such file.
        CalibrationFormatError: It is no calibration (a pickle included), or damaged.
        CalibrationSerialError: It belongs to another chip.
    """
    try:
        calibration = loads(_read(Path(path)))
    except CalibrationFormatError as error:
        advice = "" if "calibrate" in str(error) else "; calibrate again: hxtorch calibrate"
        raise CalibrationFormatError(f"{os.fspath(path)}: {error}{advice}") from None
    if serial is not None:
        calibration.require_serial(serial)
    return calibration


def content_hash(manifest: dict[str, Any], tensors: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 over the manifest (its own hash left out) and all tensors."""
    text = hashlib.sha256(json.dumps({**manifest, "sha256": ""}, sort_keys=True).encode())
    for name, array in sorted(tensors.items()):
        text.update(f"{name}:{array.dtype.str}{array.shape}".encode(errors="backslashreplace"))
        text.update(np.ascontiguousarray(array).data)
    return text.hexdigest()


def _tensors(calibration: Calibration) -> dict[str, np.ndarray]:
    groups = {
        "register": calibration.registers,
        "target": calibration.target.asked(),
        "measured": {name: np.asarray(values, np.float64) for name, values in calibration.measured.items()},
    }
    named = {
        f"{group}/{name}": np.ascontiguousarray(array).reshape(array.shape)
        for group, arrays in groups.items()
        for name, array in arrays.items()
    }
    return {**named, "success": calibration.success}


def _check_manifest(manifest: dict[str, Any]) -> None:
    texts = all(isinstance(manifest.get(key), str) for key in ("kind", "serial", "fidelity", "sha256"))
    provenance = manifest.get("provenance")
    if set(manifest) != _MANIFEST_KEYS or not texts or not isinstance(provenance, dict):
        raise CalibrationFormatError(f"calibration file: its manifest lacks one of {', '.join(sorted(_MANIFEST_KEYS))}")
    if not all(isinstance(value, str) for value in provenance.values()):
        raise CalibrationFormatError("calibration file: its provenance is not a table of texts")
    if manifest["kind"] not in TARGETS:
        raise CalibrationFormatError(f"calibration file: kind {manifest['kind'][:20]!r}, known: {', '.join(TARGETS)}")


def _assemble(manifest: dict[str, Any], tensors: dict[str, np.ndarray]) -> Calibration:
    groups: dict[str, dict[str, np.ndarray]] = {"register": {}, "target": {}, "measured": {}}
    for name, array in tensors.items():
        group, _, member = name.partition("/")
        if group in groups and member:
            groups[group][member] = array
        elif name != "success":
            raise CalibrationFormatError(f"calibration file: tensor {name[:80]!r} has no meaning")
    try:
        target = TARGETS[manifest["kind"]].restore(groups["target"])
    except CalibrationTargetError as error:
        raise CalibrationFormatError(f"calibration file: no such target: {str(error)[:200]}") from error
    missing = sorted(_registers_of(target) - {*groups["register"]})
    if missing:
        raise CalibrationFormatError(
            f"calibration file: lacks register {missing[0]!r}, which one of kind {target.kind!r} sets; calibrate again"
        )
    return Calibration(
        target=target,
        serial=manifest["serial"],
        fidelity=manifest["fidelity"],
        registers=groups["register"],
        success=tensors.get("success", np.empty(0)),
        measured=groups["measured"],
        provenance=manifest["provenance"],
    )


@lru_cache(32)
def _registers_of(target: CalibTarget) -> frozenset[str]:
    return frozenset(nominal_registers(target))


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, CalibrationFormatError, MAX_FILE)
    except PermissionError:
        raise
    except OSError as error:
        raise CalibrationNotFoundError(
            f"{path}: no such file; hxtorch.core.calibration.for_target makes a calibration of the connected chip"
        ) from error
