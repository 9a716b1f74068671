"""The synapse array: weights as neurons feel them, plasticity of drivers, correlation sensors."""
