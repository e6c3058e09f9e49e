#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Scores real prompts with a 110-million LLaMA and compares some scores with PyTorch's: prompts.sh DATA. --help lists the
# options.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
if needs_build; then
  build
fi
exec python3 "$root/benchmarks/llm/prompts.py" --root "$root" "$@"
