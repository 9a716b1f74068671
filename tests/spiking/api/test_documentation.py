"""The blocks of the documentation run as they stand."""

import re
import runpy
from pathlib import Path

import pytest
import torch

PAGE = Path(__file__).parents[3] / "docs" / "spiking_networks.md"


@pytest.mark.parametrize("mock", [True, False])
def test_page_runs(request, tmp_path, monkeypatch, mock):
    if not mock:
        request.getfixturevalue("ideal_chip")
    torch.manual_seed(0)
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path / "cache"))
    blocks = re.findall(r"^```{code-cell} python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 9
    script = tmp_path / "page.py"
    code = "\n".join(blocks)
    assert code.count("(mock=True)") == 5
    script.write_text(code.replace("(mock=True)", f"(mock={mock})"))
    runpy.run_path(str(script))
