#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Times effort scores of a 110-million LLaMA against PyTorch, in turn, and compares the scores. --help lists the options.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
if needs_build; then
  build
fi
exec python3 "$root/benchmarks/llm/compare.py" --root "$root" --commit "$(benchmark_commit)" "$@"
