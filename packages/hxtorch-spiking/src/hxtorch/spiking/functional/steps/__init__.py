"""Steps through time: the law in torch, and the compiled kernels that take its place."""
