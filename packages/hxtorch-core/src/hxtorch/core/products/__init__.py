"""Analog matrix products and the digital operations between them, one by one or as a recorded sequence."""
