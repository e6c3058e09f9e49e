# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts that run benchmarks, which set $root: builds the engine and the benchmarks.

. "$root/scripts/setup.sh"

# Compiles what has changed; the log is shown only if that fails.
build_benchmarks() {
  if needs_build; then
    build
  fi
  stamp=$root/target/benchmarks.stamp
  # Tests that are compiled alone take the benchmarks' classes away.
  if [ -f "$stamp" ] && [ -f "$root/target/test-classes/dev/coppice/backend/OpReport.class" ] && [ -z "$(cd "$root" &&
    find src benchmarks native cmake pom.xml -newer "$stamp" ! -path '*/results/*' ! -name '*.md' -type f | head -n 1)" ]; then
    return 0
  fi
  log=$root/target/benchmarks.log
  echo "building the benchmarks (log: $log)..." >&2
  touch "$stamp.new"
  if ! (cd "$root" && mvn -B -q -ntp -Pbenchmarks test-compile) >"$log" 2>&1; then
    cat "$log" >&2
    echo "the build failed; its log is $log" >&2
    exit 5
  fi
  mv "$stamp.new" "$stamp"
}

# The commit that is measured, marked where the engine differs from it.
benchmark_commit() {
  commit=$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
  if [ -n "$(git -C "$root" status --porcelain -- src native cmake pom.xml 2>/dev/null)" ]; then
    commit=$commit-changed
  fi
  echo "$commit"
}

# Goes on as a program of the benchmarks, run as bin/coppice runs the engine but for the heap: its class, its arguments.
run_benchmark() {
  limit_spinning
  # shellcheck disable=SC2086  # several options in one variable
  exec "$(java_command)" "@$root/scripts/java.options" -Xmx4g ${COPPICE_JAVA_OPTS:-} \
    -cp "$root/target/test-classes:$root/target/classes:$root/target/deps:$root/target/benchmark-lib/*" "$@"
}
