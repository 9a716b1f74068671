"""Column ADC and membrane ADC."""
