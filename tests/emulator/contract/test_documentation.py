"""Examples in docstrings give what stands below them."""

import doctest

import bss2_emulator


def test_examples_of_the_package():
    failed, tried = doctest.testmod(bss2_emulator)
    assert tried >= 4
    assert failed == 0
