"""Say what a file is that is no calibration, so that its owner knows what to do."""

from __future__ import annotations

_REMEDY = "calibrate this chip with hxtorch.core.calibration.for_target, or load a file that hxtorch saved"
_ASCII_PICKLE = b"(]}cdlIFSVNLKJMUGXTB"  # first opcodes of protocols 0 and 1


def explain_foreign(data: bytes) -> str | None:
    """Return why ``data`` is refused if it is of a known other kind, else None. Nothing is decoded."""
    binary = data[:1] == b"\x80" and b"\x02" <= data[1:2] <= b"\x05"
    ascii_pickle = bool(data) and data[0] in _ASCII_PICKLE and data.rstrip()[-1:] == b"."
    if binary or ascii_pickle:
        return (
            "a Python pickle, under whatever name, is never loaded: reading one runs code that came with it, and its "
            f"classes are not ours; {_REMEDY}"
        )
    if data[:2] == b"\x1f\x8b":
        return f"a gzip file (a coordinate/container list of a real chip?) is no calibration; {_REMEDY}"
    if data[:4] == b"PK\x03\x04":
        return f"a zip archive (torch.save or numpy.savez?) is no calibration; {_REMEDY}"
    return None
