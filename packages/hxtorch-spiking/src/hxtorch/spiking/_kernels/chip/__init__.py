"""Between recordings and tensors."""
