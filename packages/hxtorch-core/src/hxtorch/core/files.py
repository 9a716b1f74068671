"""Files that are read whole or not at all, and written so that a reader never meets half of one.

Sequences and checkpoints are safetensors with a seal: the SHA-256 of the whole file, with zeros in the place of the
digest, which stands in the metadata. No byte of such a file changes without being seen.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from hxtorch.core.arguments import checked
from hxtorch.core.errors import FileWarning, HXTorchError

if sys.platform != "win32":
    import fcntl

UNSEALED = "0" * 64
"""What stands in the place of a digest while it is computed."""

MAX_DEPTH = 64
"""How deep tables and lists in a file may lie in each other."""


def read_regular(path: str | os.PathLike[str], error: type[HXTorchError], most: int | None = None) -> bytes:
    """Return the content of a regular file; what would block (a pipe) or never end (a device) is refused.

    Args:
        path: The file.
        error: What to raise for anything else than a file that can be read whole.
        most: Largest size, bytes, or None for any.

    Raises:
        HXTorchError: ``error``: it is no regular file, or too large.
        OSError: It is not there or can not be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as problem:  # no file can have this name
        raise FileNotFoundError(f"{path!r}: no such file") from problem
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise error(f"{path}: not a regular file, wanted one that can be read whole")
        if most is not None and status.st_size > most:
            raise error(f"{path}: {status.st_size} bytes, wanted at most {most}")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(status.st_size)
    finally:
        os.close(handle)


@checked
def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write ``content`` to ``path``, all or nothing, and durably.

    A link is followed, so that it goes on pointing where it did. A new file gets the permissions of the process's
    umask, one that is replaced keeps its own; a missing folder is made. What writers left that were killed is removed.

    Raises:
        OSError: The file can not be written, or it is a device, a pipe or a folder; what was there stays.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    if os.path.exists(path) and not target.is_file():  # a file would take its place
        raise FileExistsError(errno.EEXIST, "not a regular file, wanted one that can be written whole", str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = _open_draft(target)
    try:
        with os.fdopen(handle, "wb") as file:
            with suppress(OSError):  # it is new, or another user's
                os.chmod(draft, stat.S_IMODE(target.stat().st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if sys.platform != "win32":  # where an open file can not be moved; here its lock ends with it
                draft.replace(target)
        if sys.platform == "win32":
            draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    for left in target.parent.glob(f".{_escaped(_shortened(target.name))}.*.draft"):
        _remove_if_left(left)
    return path


def seal(content: bytes) -> bytes:
    """Return a safetensors file whose metadata hold ``sha256`` as :data:`UNSEALED`, with its digest there."""
    digest = hashlib.sha256(content).hexdigest()
    sealed = content.replace(f'"sha256":"{UNSEALED}"'.encode(), f'"sha256":"{digest}"'.encode(), 1)
    if sealed == content:
        raise ValueError("the metadata hold no place for a digest")
    return sealed


def read_sealed(
    path: str | os.PathLike[str], key: str, schema: int, error: type[HXTorchError], again: str
) -> tuple[dict[str, str], bytes]:
    """Read a safetensors file that :func:`seal` has closed.

    Args:
        path: The file.
        key: Of the metadata, whose value says that this is the kind of file that is wanted, and its schema.
        schema: The schema with a seal; the one before had none, and is read with a warning.
        error: What to raise for a file that is none.
        again: What to do to get such a file, for messages.

    Returns:
        The metadata, and the whole content.

    Raises:
        HXTorchError: ``error``: it is no such file, or damaged.
        OSError: It is not there or can not be read.
    """
    content = read_regular(path, error)
    metadata, kind = _metadata(content), key.removeprefix("hxtorch.")
    if metadata is None or key not in metadata:
        raise error(f"{path}: is no {kind}; {again}")
    found, digest = metadata[key], metadata.get("sha256")
    if found == str(schema) and digest is not None and len(digest) == len(UNSEALED):
        blank = content.replace(f'"sha256":"{digest}"'.encode(), f'"sha256":"{UNSEALED}"'.encode(), 1)
        if hashlib.sha256(blank).hexdigest() != digest:
            raise error(
                f"{path}: is no {kind} any more: its content does not match its SHA-256, it is damaged; {again}"
            )
    elif found == str(schema - 1) and len(metadata) == 2:
        warnings.warn(
            f"{path}: a {kind} of schema {found} has no checksum, so damage would not be seen; write it again",
            FileWarning,
            stacklevel=4,
        )
    else:
        raise error(f"{path}: is no {kind} of schema {schema}, but {found[:20]!r}; {again}")
    return metadata, content


def parse_table(text: str, path: str | os.PathLike[str], error: type[HXTorchError]) -> Any:
    """Return what JSON of the metadata says; ``error`` if it is none, or lies deeper than :data:`MAX_DEPTH`."""
    depth = deepest = 0
    for character in text:  # of what is quoted, too: files that are meant have no such names
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    if deepest > 4 * MAX_DEPTH:  # a table of tables takes four brackets
        raise error(f"{path}: its tables lie {deepest} deep, wanted at most {4 * MAX_DEPTH}")
    try:
        return json.loads(text)
    except ValueError as problem:
        raise error(f"{path}: its tables are no JSON ({problem})") from problem


def _metadata(content: bytes) -> dict[str, str] | None:
    """Return the metadata of a safetensors file, or None if it is none."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > len(content) - 8:
        return None
    try:
        found = json.loads(content[8 : 8 + length])["__metadata__"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    texts = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    return found if texts else None


def _open_draft(target: Path) -> tuple[int, Path]:
    """Open a new file beside ``target``; its lock tells others that its writer lives."""
    while True:
        draft = target.with_name(f".{_shortened(target.name)}.{os.getpid()}-{os.urandom(4).hex()}.draft")
        # umask takes from these permissions what the user wants to keep
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        if sys.platform != "win32":
            with suppress(OSError):  # some file systems have no locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink == 0:  # somebody took it for one that was left before it had its lock
                os.close(handle)
                continue
        return handle, draft


def _remove_if_left(draft: Path) -> None:
    """Remove a draft whose writer is gone."""
    if sys.platform == "win32":  # nobody can remove there what is open
        with suppress(OSError):
            draft.unlink()
        return
    with suppress(OSError):
        handle = os.open(draft, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
        finally:
            os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Make a new name in ``folder`` outlive a loss of power."""
    if sys.platform == "win32":
        return
    with suppress(OSError):  # some file systems can not
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _shortened(name: str) -> str:
    """Return as much of a name as leaves room for what a draft has more; file systems take 255 bytes."""
    return os.fsencode(name)[:200].decode(errors="ignore")


def _escaped(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
