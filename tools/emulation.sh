#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The CUDA kernels without a GPU: bugs planted in kernels must be reported by the plain build of the emulation and by the
# one that watches every access, and every operation must agree with the reference in both, and a replayed graph with the
# operations it was recorded from, in several orders of threads.
#
#   tools/emulation.sh [SCHEDULES, such as 1,2,3,4]
set -eu
cd "$(dirname "$0")/.."
schedules=${1:-1,2,3,4,5,6}

mvn -o -q process-test-classes || mvn -q process-test-classes
cmake --build target/cmake --target emulation_tests
ctest --test-dir target/cmake -R '^emulation_' --output-on-failure
ops=$(cd src/test/java/dev/coppice/backend && grep -l 'extends OpParityTest' ./*.java | sed 's|./||; s|.java||' | paste -sd ,),GraphsTest,SasRecStepTest
echo "== plain, schedules $schedules"
mvn -o -q test -Dcoppice.require=emulated -Dcoppice.schedules="$schedules" -Dtest="$ops"
echo "== every access watched, schedules 2,3"
mvn -o -q test -Dcoppice.require=emulated -Dcoppice.emulation=race -Dcoppice.schedules=2,3 -Dtest="$ops"
