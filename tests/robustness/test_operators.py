"""The operators of torch meet operands that do not belong together: an error with a name and a place, never a crash.

What is tried follows from the schema and legal arguments of each operator, in a process of its own.
"""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch

from hxtorch.perceptron.ops import products
from hxtorch.spiking.functional.steps import fused, recurrence
from hxtorch.spiking.functional.synapses import events

JOB = Path(__file__).with_name("operators_job.py")
NAMES = sorted(name for name in torch._C._dispatch_get_all_op_names() if name.startswith("hxtorch"))


def test_operators_are_found_by_introspection():
    own = events.OPERATOR, fused.OPERATOR, recurrence.OPERATOR, products.chip_products, products.mock_products
    assert {operator._schema.name for operator in own} < set(NAMES)


@cache
def outcomes():
    """Return what came of all operators, lines without the operator's name, and the errors of the process."""
    command = [sys.executable, str(JOB), *NAMES]
    job = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603
    lines = [line.split("\t") for line in job.stdout.splitlines()]
    return {name: [line[1:] for line in lines if line[0] == name] for name in NAMES}, lines[-1], job.stderr[-2000:]


@pytest.mark.parametrize("name", NAMES)
def test_operands_that_do_not_belong_together_are_refused_by_name(name):
    found, last, errors = outcomes()
    lines = found[name]
    assert lines, (last, errors)
    assert lines[-1][0] == "done", (last, errors)
    tried = [line for line in lines if line[0] in ("wrong", "odd")]
    assert len(tried) > 20
    assert [line for line in lines if line[0] == "legal" and line[3] != "taken"] == []
    assert [line for line in tried if line[3].startswith("raw")] == []
    assert [line for line in tried if line[0] == "wrong" and line[3] == "taken"] == []
    refused = [line for line in tried if line[0] == "wrong" and line[3].startswith("refused: ")]
    assert [line for line in refused if "got" not in line[3] or "wanted" not in line[3]] == []
    alone = [
        line for line in refused if line[2] == "sparse" or line[2].startswith("type")
    ]  # sizes take two to be wrong
    assert alone
    assert [line for line in alone if line[1] not in line[3]] == []
