#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Times whole tasks against PyTorch in one run, checks that the results agree, and prints one table.
# run.sh [DATA] [options]; --help lists them. Without DATA a generated data folder is used.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
build_benchmarks

# Results are published: of a path they tell the last name.
command=benchmarks/e2e/run.sh
for argument in "$@"; do
  command="$command ${argument##*/}"
done
run_benchmark dev.coppice.benchmarks.e2e.EndToEnd --root "$root" --commit "$(benchmark_commit)" \
  --command "$command" "$@"
