"""The connection that operations use."""
