#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where the time of the surrogate's tasks goes, operation by operation, and how near each comes to the machine's roofline.
# profile.sh DATA [options]; --help lists them.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
build_benchmarks

# As bin/coppice does.
limit_spinning
# shellcheck disable=SC2086  # several options in one variable
exec "$(java_command)" "@$root/scripts/java.options" -Xmx4g ${COPPICE_JAVA_OPTS:-} \
  -cp "$root/target/test-classes:$root/target/classes:$root/target/deps:$root/target/benchmark-lib/*" \
  dev.coppice.benchmarks.e2e.SurrogateProfile --root "$root" "$@"
