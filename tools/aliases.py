"""Write the files by which editors know ``hxtorch.snn`` and ``hxtorch.ann``: ``python tools/aliases.py``.

When a program runs, these names are the modules ``hxtorch.spiking`` and ``hxtorch.perceptron`` themselves
(``hxtorch/_aliases.py``), and nothing loads these files. Editors and type checkers, which only read files, find one for
each path that user scripts import. A test compares.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# alias, its frontend, public packages below it, names that the frontend has beside its __all__
ALIASES = {
    "snn": (
        "spiking",
        ("datasets", "functional", "modules", "nir", "transforms", "utils", "utils/dynamic_range", "viz"),
        ("modules", "nir", "parameter", "utils"),
    ),
    "ann": ("perceptron", ("nn", "viz"), ()),
}
INTERNAL = {"doors", "threads", "operands", "recording", "tracing", "paths", "unbound", "chip", "execution_info"}


def face(module: str, more: tuple[str, ...] = ()) -> str:
    """Return the text that stands for ``module``."""
    lines = [f'"""Path of user scripts; see :mod:`{module}`."""\n']
    lines.append(f"from {module} import *  # noqa: F403")
    return "\n".join([*lines, *(f"from {module} import {name} as {name}" for name in more)]) + "\n"


def faces() -> dict[Path, str]:
    """Return all files, by their place in the repository."""
    found = {}
    for alias, (frontend, packages, more) in ALIASES.items():
        source = ROOT / "packages" / f"hxtorch-{frontend}" / "src" / "hxtorch"
        real = source / frontend
        found[source / alias / "__init__.py"] = face(f"hxtorch.{frontend}", more)
        for folder in (real, *(real / name for name in packages)):
            for path in sorted(folder.glob("*.py")):
                name = path.relative_to(real).with_suffix("")
                dotted = [part for part in name.parts if part != "__init__"]
                if dotted and not (dotted[0] in INTERNAL or any(part.startswith("_") for part in dotted)):
                    found[source / alias / name.with_suffix(".py")] = face(".".join(["hxtorch", frontend, *dotted]))
    return found


if __name__ == "__main__":
    for path, text in faces().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
