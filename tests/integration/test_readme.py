"""What the README shows works as it stands there."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_ten_lines_train_something():
    import torch

    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    losses = []
    lines = snippet.replace("optimizer.zero_grad(),", "losses.append(loss.item()), optimizer.zero_grad(),")
    assert lines != snippet
    torch.manual_seed(0)
    exec(compile(lines, str(README), "exec"), {"losses": losses})  # noqa: S102
    assert len(losses) == 50
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])
