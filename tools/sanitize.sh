#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the native library and its test programs with address and undefined-behaviour sanitizers in build/sanitize and
# runs them: the C boundary under random and hostile arguments, the instruction sets against each other, every CUDA
# kernel on the emulated device against the CPU, and bugs planted in kernels.
#
#   tools/sanitize.sh [JOBS]
set -eu
cd "$(dirname "$0")/.."
root=$PWD
jobs=${1:-2}
openblas=$root/target/deps/org/bytedeco/openblas/linux-x86_64
[ -e "$openblas/libopenblas.so.0" ] || mvn -o -q initialize || mvn -q initialize

cmake -S cmake -B build/sanitize -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DCOPPICE_SANITIZE=ON \
  -DCOPPICE_TESTS=ON -DCOPPICE_FAULTS=ON "-DCOPPICE_OPENBLAS_DIR=$openblas"
cmake --build build/sanitize --target all emulation_tests --parallel "$jobs"
ctest --test-dir build/sanitize --output-on-failure
