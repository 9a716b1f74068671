"""Steps of neurons over time and their adjoints."""
