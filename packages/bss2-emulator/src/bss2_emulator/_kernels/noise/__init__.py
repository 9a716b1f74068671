"""Counter-based normal numbers."""
