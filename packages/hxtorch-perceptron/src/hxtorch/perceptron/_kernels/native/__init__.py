"""What kernels of all rooms need: threads, instruction sets, the compiler."""
