#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Times every operation by JMH, checked against the reference, and prints the share of the machine's measured rates that
# each reaches. --help lists the options.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
build_benchmarks

run_benchmark dev.coppice.backend.OpReport --commit "$(benchmark_commit)" "$@"
