"""Column ADCs."""
