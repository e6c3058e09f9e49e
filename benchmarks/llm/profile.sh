#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where the time of an effort pass goes, operation by operation. --help lists the options.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$root/benchmarks/build.sh"
build_benchmarks

# As bin/coppice does.
limit_spinning
exec "$(java_command)" -XX:+UseSerialGC -Xshare:auto -Xmx2g ${COPPICE_JAVA_OPTS:-} \
  -cp "$root/target/test-classes:$root/target/classes:$root/target/deps:$root/target/benchmark-lib/*" \
  dev.coppice.backend.EffortProfile "$@"
