"""Reference: counter-based numbers; statistics within 99.9 % intervals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bss2_emulator._kernels.noise.normals import INSTRUCTIONS, coarse_normals, fill_normals, fill_uniform, philox
from bss2_emulator.reference.silicon import noise as reference
from bss2_emulator.reference.silicon.shorts import coarse_normals as twin_of_coarse
from bss2_emulator.silicon.mismatch import draw, key_of
from bss2_emulator.silicon.noise import RunNoise

words = st.integers(0, 2**32 - 1)


@given(key=st.integers(0, 2**64 - 1), counter=st.tuples(words, words, words, words))
def test_philox_equals_twin(key, counter):
    assert philox(key, counter) == reference.philox(key, counter)


def test_philox_known_answer():
    assert philox(0, (0, 0, 0, 0)) == (0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48)  # Random123, philox4x32 7


@given(key=st.integers(0, 2**64 - 1), first=st.integers(0, 1000), c1=words, c2=words)
def test_streams_equal_twin(key, first, c1, c2):
    normals, uniforms = np.empty(9, np.float32), np.empty(9, np.float32)
    fill_normals(key, first, c1, c2, 5, normals)
    fill_uniform(key, first, c1, c2, 5, uniforms)
    for i in range(9):
        assert normals[i] == pytest.approx(reference.stream_normal(key, first + i, c1, c2, 5), abs=2e-5)
        assert uniforms[i] == pytest.approx(reference.stream_uniform(key, first + i, c1, c2, 5), abs=1e-6)


@given(st.integers(0, 500), st.integers(0, 300))
def test_a_number_does_not_depend_on_where_a_draw_starts(first, count):
    whole, part = np.empty(1000, np.float32), np.empty(count, np.float32)
    fill_normals(11, 0, 1, 2, 3, whole)
    fill_normals(11, first, 1, 2, 3, part)
    assert np.array_equal(part, whole[first : first + count])


def test_normals_are_normal():
    n = 1_000_000
    x = np.empty(n, np.float32)
    fill_normals(1, 0, 0, 0, 0, x)
    x = x.astype(np.float64)
    z = 3.29  # 99.9 %
    assert abs(x.mean()) < z / math.sqrt(n)
    assert abs(x.var() - 1) < z * math.sqrt(2 / n)
    assert abs((x**3).mean()) < z * math.sqrt(15 / n)
    assert abs((x**4).mean() - 3) < z * math.sqrt(96 / n)
    for lag in (1, 2, 3, 4, 64):
        assert abs((x[lag:] * x[:-lag]).mean()) < z / math.sqrt(n)
    assert abs(x).max() < 5.8


@pytest.mark.parametrize("count", [1, 15, 16, 43])
def test_coarse_normals_equal_twin_on_all_instruction_sets(count):
    identifiers = np.random.default_rng(count).integers(0, 2**32, count, dtype=np.uint32)
    plain = coarse_normals(5, 6, identifiers, 7, 8, instructions=0)
    for instructions in range(1, INSTRUCTIONS + 1):
        assert np.array_equal(plain, coarse_normals(5, 6, identifiers, 7, 8, instructions=instructions))
    assert plain.T.tolist() == [twin_of_coarse(5, 6, int(n), 7, 8) for n in identifiers]


def test_coarse_normals_are_normal():
    """Of 16 bit: 0.0002 are missing from their variance, 0.0005 from their kurtosis."""
    identifiers = np.arange(1000, dtype=np.uint32)
    x = np.stack([coarse_normals(1, c0, identifiers, 0, 0) for c0 in range(125)]).astype(np.float64)  # (time, 8, place)
    n, z = x.size, 3.29
    assert abs(x.mean()) < z / math.sqrt(n)
    assert abs(x.var() - 1) < z * math.sqrt(2 / n) + 0.0002
    assert abs((x**3).mean()) < z * math.sqrt(15 / n)
    assert abs((x**4).mean() - 3) < z * math.sqrt(96 / n) + 0.002
    for axis in range(3):
        assert abs((np.delete(x, 0, axis) * np.delete(x, -1, axis)).mean()) < z / math.sqrt(n * 0.875)


def test_mismatch_belongs_to_a_place():
    one = draw("a", "leak", (512,))
    assert np.array_equal(one, draw("a", "leak", (2, 256)).ravel())
    assert np.array_equal(one[:100], draw("a", "leak", (100,)))
    for other in (draw("b", "leak", (512,)), draw("a", "reset", (512,))):
        assert abs(np.corrcoef(one, other)[0, 1]) < 3.29 / math.sqrt(512)


def test_keys_tell_paths_apart():
    assert key_of("a", "bc") != key_of("ab", "c")
    assert RunNoise.of("chip", 0, 0).key != RunNoise.of("chip", 1, 0).key != RunNoise.of("other", 1, 0).key
    assert RunNoise.of("chip", 0, 2**32 + 5).run == 5
