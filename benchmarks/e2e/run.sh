#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Times whole tasks against PyTorch in one run, checks that the results agree, and prints one table.
# run.sh [DATA] [options]; --help lists them. Without DATA a generated data folder is used.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
build_benchmarks

# As bin/coppice does.
limit_spinning
# Results are published: of a path they tell the last name.
command=benchmarks/e2e/run.sh
for argument in "$@"; do
  command="$command ${argument##*/}"
done
# shellcheck disable=SC2086  # several options in one variable
exec "$(java_command)" "@$root/scripts/java.options" -Xmx4g ${COPPICE_JAVA_OPTS:-} \
  -cp "$root/target/test-classes:$root/target/classes:$root/target/deps:$root/target/benchmark-lib/*" \
  dev.coppice.benchmarks.e2e.EndToEnd --root "$root" --commit "$(benchmark_commit)" \
  --command "$command" "$@"
