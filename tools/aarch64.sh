#!/usr/bin/env bash
# Cross-build the kernels of bss2-emulator for aarch64 and run its tests under qemu-user, on Debian with
# gcc-aarch64-linux-gnu and qemu-user: tools/aarch64.sh PYTHON FOLDER [arguments of pytest].
# PYTHON has cython, setuptools, pytest and hypothesis, of the Python minor version that Debian has. FOLDER takes Debian's
# Python for arm64 and the wheels of NumPy, SciPy and hypothesis for it, and keeps them.
set -euo pipefail
python=$(realpath "$1") folder=$(realpath -m "$2")
shift 2
root=$(cd "$(dirname "$0")/.." && pwd)
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

if [ ! -d "$folder/system" ]; then
    mkdir -p "$folder/debs" && cd "$folder/debs"
    dpkg --add-architecture arm64 && apt-get -q update
    apt-get -q download {"python$version","libpython$version"}-minimal:arm64 "libpython$version-stdlib":arm64 \
        {libc6,libgcc-s1,libstdc++6,zlib1g,libexpat1,libffi8,libssl3,libbz2-1.0,liblzma5,libuuid1,libsqlite3-0}:arm64
    for deb in *.deb; do dpkg -x "$deb" "$folder/unpacked"; done
    "$python" -m pip download -q --no-deps --only-binary :all: --python-version "$version" \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64 \
        numpy scipy hypothesis -d "$folder/wheels"
    for wheel in "$folder"/wheels/*.whl; do "$python" -m zipfile -e "$wheel" "$folder/site"; done
    mv "$folder/unpacked" "$folder/system"
fi

rm -rf "$folder/source" && cp -r "$root/packages/bss2-emulator" "$folder/source"
cd "$folder/source" && rm -rf build && find . -name '*.so' -delete
CC=aarch64-linux-gnu-gcc LDSHARED="aarch64-linux-gnu-gcc -shared" \
    SETUPTOOLS_EXT_SUFFIX=".cpython-${version/./}-aarch64-linux-gnu.so" "$python" setup.py -q build_ext --inplace

others=$("$python" -c 'import os, pytest; print(os.path.dirname(os.path.dirname(pytest.__file__)))')
cd "$root"
PYTHONPATH="$folder/site:$folder/source/src:$others" PYTHONDONTWRITEBYTECODE=1 \
    qemu-aarch64 -L "$folder/system" "$folder/system/usr/bin/python$version" -m pytest -p no:cacheprovider "$@"
