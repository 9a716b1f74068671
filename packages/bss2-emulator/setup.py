"""Compile the kernels. Everything declarative lives in pyproject.toml."""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCE = Path(__file__).parent / "src"
KERNELS = SOURCE / "bss2_emulator" / "_kernels"
DEBUG = os.environ.get("BSS2_EMULATOR_DEBUG", "0") != "0"  # bounds checks + line tracing
SANITIZE = os.environ.get("BSS2_EMULATOR_SANITIZE", "")  # "memory" (with undefined behaviour) or "thread"

# From here on the same in all three packages.
CHECKS = "alignment,bounds,float-cast-overflow,shift,signed-integer-overflow"
PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

# Contraction off: results are the same bytes on every processor.
if sys.platform == "win32":
    COMPILE, LINK = ["/O2", "/fp:precise"], []
else:
    COMPILE = ["-O1" if DEBUG or SANITIZE else "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
    COMPILE.append("-pthread")
    LINK = ["-pthread", "-lm"]
    if SANITIZE:
        kinds = "thread" if SANITIZE == "thread" else f"address,{CHECKS}"
        checks = [f"-fsanitize={kinds}", "-fno-sanitize-recover=all"]
        COMPILE += [*checks, "-g", "-fno-omit-frame-pointer"]
        LINK += checks


class BuildKernels(build_ext):
    """Compile as many kernels at once as there are processors, and say which: ``pip install -v`` shows it."""

    def initialize_options(self):
        super().initialize_options()
        self.parallel = PROCESSORS

    def build_extension(self, extension):
        number = 1 + self.extensions.index(extension)
        print(f"compiling kernel {number} of {len(self.extensions)}: {extension.name}", flush=True)
        super().build_extension(extension)


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
    cmdclass={"build_ext": BuildKernels},
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
