#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Times effort scoring with weights that are mapped, given back layer by layer, or copied into memory beforehand, in turn.
# run.sh LLM SAMPLES.jsonl [ROUNDS [THREADS]]; the samples are tokenised ones. Prints medians and ratios.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
build_benchmarks
run_benchmark dev.coppice.benchmarks.weights.WeightsInMemory "$@"
