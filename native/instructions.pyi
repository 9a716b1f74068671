"""The instruction sets of this package's kernels.

Importing raises ``ValueError`` where the environment variable ``BSS2_INSTRUCTIONS`` is none of :data:`NAMES`.
"""

NAMES: tuple[str, ...]
"""All sets, from the least to the most."""

def in_use() -> str:
    """Return the name of the set that kernels run with: the best of the processor, at most that of the variable.

    Tiles, which products of the emulator alone know, are not told apart from the set below them.
    """
