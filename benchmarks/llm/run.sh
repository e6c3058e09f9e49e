#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Times effort scores of a 110-million LLaMA against PyTorch, in turn, and compares the scores. run.sh --help lists the
# options.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
"$root/bin/coppice" --version >/dev/null # builds what is needed
exec python3 "$root/benchmarks/llm/compare.py" --root "$root" "$@"
