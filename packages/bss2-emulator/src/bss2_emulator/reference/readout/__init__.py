"""What the ADCs show."""
