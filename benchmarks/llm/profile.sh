#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where the time of an effort pass goes, operation by operation. --help lists the options.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
build_benchmarks

run_benchmark dev.coppice.backend.EffortProfile "$@"
