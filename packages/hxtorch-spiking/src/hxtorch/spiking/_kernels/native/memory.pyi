"""Memory that is used again instead of being given back."""

class Block:
    """Bytes with undefined values, writable through the buffer protocol; kept for others when it is gone."""

    def __init__(self, size: int) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

def kept() -> int:
    """Return how many bytes are kept for others."""
