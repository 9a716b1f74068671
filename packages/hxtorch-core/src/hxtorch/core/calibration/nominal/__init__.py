"""Register codes that reach a target on a chip without mismatch."""
