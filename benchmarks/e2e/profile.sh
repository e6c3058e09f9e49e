#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where the time of the surrogate's tasks goes, operation by operation, and how near each comes to the machine's roofline.
# profile.sh DATA [options]; --help lists them.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
build_benchmarks

run_benchmark dev.coppice.benchmarks.e2e.SurrogateProfile --root "$root" "$@"
