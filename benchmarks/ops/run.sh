#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Times every operation by JMH, checked against the reference, and prints the share of the machine's measured rates that
# each reaches. --help lists the options.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
build_benchmarks

# As bin/coppice does.
limit_spinning
# shellcheck disable=SC2086  # several options in one variable
exec "$(java_command)" "@$root/scripts/java.options" -Xmx4g ${COPPICE_JAVA_OPTS:-} \
  -cp "$root/target/test-classes:$root/target/classes:$root/target/deps:$root/target/benchmark-lib/*" \
  dev.coppice.backend.OpReport --commit "$(benchmark_commit)" "$@"
