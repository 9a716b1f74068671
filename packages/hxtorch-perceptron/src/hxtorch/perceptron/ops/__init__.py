"""Operations on tensors, on the chip or in mock mode."""
