"""Compile the kernels. Everything declarative lives in pyproject.toml."""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("BSS2_EMULATOR_DEBUG", "0") != "0"  # bounds checks + line tracing
SANITIZE = os.environ.get("BSS2_EMULATOR_SANITIZE", "0") != "0"  # memory, undefined behaviour
CHECKS = "alignment,bounds,float-cast-overflow,shift,signed-integer-overflow"
SOURCE = Path(__file__).parent / "src"
KERNELS = SOURCE / "bss2_emulator" / "_kernels"

# Contraction off: results are the same bytes on every processor.
if sys.platform == "win32":
    COMPILE, LINK = ["/O2", "/fp:precise"], []
else:
    COMPILE = ["-O1" if DEBUG or SANITIZE else "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
    COMPILE.append("-pthread")
    LINK = ["-pthread", "-lm"]
    if SANITIZE:
        checks = [f"-fsanitize=address,{CHECKS}", "-fno-sanitize-recover=all"]
        COMPILE += [*checks, "-g", "-fno-omit-frame-pointer"]
        LINK += checks

extensions = [
    Extension(
        ".".join(path.relative_to(SOURCE).with_suffix("").parts),
        [os.path.relpath(path)],
        include_dirs=[os.path.relpath(KERNELS)],
        depends=[os.path.relpath(header) for header in sorted(KERNELS.rglob("*.h"))],
        extra_compile_args=COMPILE,
        extra_link_args=LINK,
        define_macros=[("CYTHON_TRACE_NOGIL", "1")] if DEBUG else [],
    )
    for path in sorted(KERNELS.rglob("*.pyx"))
]

setup(
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
    ext_modules=cythonize(
        extensions,
        build_dir="build",
        include_path=[os.path.relpath(SOURCE)],
        compiler_directives={
            "language_level": "3",
            "boundscheck": DEBUG,
            "wraparound": False,
            "initializedcheck": DEBUG,
            "cdivision": True,
            "embedsignature": True,
            "freethreading_compatible": True,
            "linetrace": DEBUG,
        },
    ),
)
