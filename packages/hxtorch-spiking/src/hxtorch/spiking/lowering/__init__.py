"""From modules to programs and from results to tensors."""
