"""The blocks of the documentation run as they stand."""

import re
import runpy
from pathlib import Path

import torch

PAGE = Path(__file__).parents[2] / "docs" / "spiking_networks.md"


def test_page_runs(tmp_path, monkeypatch):
    torch.manual_seed(0)
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path / "cache"))
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 9
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks))
    runpy.run_path(str(script))
