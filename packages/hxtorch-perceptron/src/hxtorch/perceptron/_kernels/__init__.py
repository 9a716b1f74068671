"""Compiled loops; their laws are written in torch beside them (``mock/product.py``, ``operands.py``)."""
