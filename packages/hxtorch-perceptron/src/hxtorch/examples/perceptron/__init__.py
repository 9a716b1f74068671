"""Examples of :mod:`hxtorch.perceptron`."""
