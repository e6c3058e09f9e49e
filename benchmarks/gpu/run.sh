#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is to be known of the engine on a GPU: are results right, how fast is each operation, and how fast are whole tasks
# beside PyTorch on the same GPU. Runs from a checkout and from a portable bundle with tests (no Maven, no network).
#
#   benchmarks/gpu/run.sh [DATA] [options]
#
# DATA             data folder; without it a generated one
# --stages LIST    of parity,sanitizer,operations,tasks those to run (all)
# --backend NAME   cuda; cpu runs the same programs without a GPU, to see that they work
# --smoke          everything once and small
# --sizes LIST     of the operations: real,card; also small, large
# --ops LIST       operations, separated by semicolons (all; benchmarks/ops/run.sh --list)
# --pairs N        timings of each side of a task (5)
# --python FILE    interpreter with PyTorch (python3)
# --peers LIST     of published,tuned,vmap those to time, or none
# --work DIR       for files between runs; a temporary folder, removed at the end
# --results DIR    for the JSON; benchmarks/results, in a bundle the current folder
#
# Ends with 0 if every result is right, 1 if one is not, 2 for wrong usage, 4 where there is no GPU. A stage that could not
# run is named at the end.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd -P)
data=
stages=parity,sanitizer,operations,tasks
backend=cuda
smoke=
sizes=real,card
ops=
pairs=5
python=python3
peers=published,tuned,vmap
work=
results=
# Results are published: of a path they tell the last name.
command=benchmarks/gpu/run.sh
for argument in "$@"; do
  command="$command ${argument##*/}"
done
while [ $# -gt 0 ]; do
  case $1 in
    --help)
      sed -n '3,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p;}' "$0"
      exit 0
      ;;
    --smoke) smoke=--smoke ;;
    --stages | --backend | --sizes | --ops | --pairs | --python | --peers | --work | --results)
      [ $# -ge 2 ] || { echo "$1 needs a value; see --help" >&2; exit 2; }
      eval "${1#--}=\$2"
      shift
      ;;
    -*)
      echo "unknown option $1; see --help" >&2
      exit 2
      ;;
    *)
      [ -z "$data" ] && [ -d "$1" ] || { echo "$1: one data folder is expected, and it must exist" >&2; exit 2; }
      data=$(cd "$1" && pwd -P)
      ;;
  esac
  shift
done
case $backend in
  cuda | cpu) ;;
  *)
    echo "--backend is cuda or cpu, not $backend" >&2
    exit 2
    ;;
esac
for stage in $(echo "$stages" | tr , ' '); do
  case $stage in
    parity | sanitizer | operations | tasks) ;;
    *)
      echo "--stages knows parity, sanitizer, operations and tasks, not $stage" >&2
      exit 2
      ;;
  esac
done

# Before anything is built: a machine without a driver is not worth it.
if [ "$backend" = cuda ] && ! [ -e /dev/nvidiactl ] && ! [ -e /dev/dxg ]; then
  echo "no GPU: this machine has no /dev/nvidiactl, so no NVIDIA driver is loaded; --backend cpu tries the programs" >&2
  exit 4
fi

if [ -x "$root/runtime/bin/java" ]; then
  here=$root
  . "$root/bin/java.sh"
  class_path="$root/benchmarks/classes:$root/benchmarks/lib/*:$bundled_class_path"
  commit=$(cat "$root/benchmarks/commit")
  results=${results:-$PWD}
  sanitizer_java=$root/runtime/bin/java
else
  . "$root/benchmarks/build.sh"
  build_benchmarks
  if [ "$backend" = cuda ]; then
    echo "compiling the CUDA kernels (log: $root/target/cuda.log)..." >&2
    if ! (cd "$root" && mvn -B -q -ntp compile -Dcoppice.cuda=ON) >"$root/target/cuda.log" 2>&1; then
      cat "$root/target/cuda.log" >&2
      echo "the build failed; its log is $root/target/cuda.log" >&2
      exit 5
    fi
  fi
  limit_spinning
  class_path="$root/target/test-classes:$root/target/classes:$root/target/deps:$root/target/benchmark-lib/*"
  commit=$(benchmark_commit)
  if [ -z "$results" ]; then
    results=$root/benchmarks/results
    [ -z "$smoke" ] || results=$root/target/gpu-smoke
  fi
  sanitizer_java=$(java_command)
  bundled_java() {
    exec "$sanitizer_java" "@$root/scripts/java.options" "$@"
  }
fi
mkdir -p "$results"
results=$(cd "$results" && pwd -P)
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi

# Runs Java in a process of its own, with 4 GB of heap.
java() (
  # shellcheck disable=SC2086  # several options in one variable
  bundled_java -Xmx4g ${COPPICE_JAVA_OPTS:-} "-Djava.io.tmpdir=$work" -cp "$class_path" "$@"
)
operations=dev.coppice.backend.OpReport

if ! java $operations --device "$backend" --probe; then
  exit 4
fi

wrong=
not_run=
wants() {
  case ,$stages, in
    *,"$1",*)
      echo "== $1"
      ;;
    *) return 1 ;;
  esac
}

if wants parity; then
  # Tests find their fixtures in src/test/resources of the current folder.
  require=cuda
  [ "$backend" = cuda ] || require=none
  classes='.*Test'
  leaving=nothing
  if [ -n "${here:-}" ]; then
    leaving='.*InjectedFault' # a bundle is a release, which has no points that can be made to fail
    not_run="$not_run parity after injected faults (a release has none);"
  fi
  [ -z "$smoke" ] || classes='.*\.(AxpyTest|GemmTest|GoldenOpsTest)'
  (cd "$root" && java "-Dcoppice.require=$require" org.junit.platform.console.ConsoleLauncher execute \
    --select-package dev.coppice.backend --include-classname "$classes" --exclude-methodname "$leaving" \
    --details summary --disable-banner --fail-if-no-tests) || wrong="$wrong parity"
fi

if wants sanitizer; then
  if [ "$backend" != cuda ]; then
    not_run="$not_run sanitizer (--backend $backend);"
  elif ! command -v compute-sanitizer >/dev/null 2>&1; then
    not_run="$not_run sanitizer (no compute-sanitizer on the PATH);"
  elif ! compute-sanitizer --tool memcheck "$sanitizer_java" -version >"$work/sanitizer.log" 2>&1; then
    tail -n 5 "$work/sanitizer.log"
    not_run="$not_run sanitizer (compute-sanitizer does not run Java here);"
  else
    for tool in memcheck racecheck synccheck initcheck; do
      echo "-- $tool"
      (
        bundled_java() {
          exec compute-sanitizer --tool "$tool" --error-exitcode 9 "$sanitizer_java" "$@"
        }
        [ -z "${here:-}" ] || set -- "-Djava.library.path=$root/natives/libraries"
        java "$@" $operations --device cuda --smoke
      ) || wrong="$wrong $tool"
    done
  fi
fi

if wants operations; then
  set -- --device "$backend" --commit "$commit"
  if [ -n "$smoke" ]; then
    set -- "$@" --smoke
  else
    set -- "$@" --sizes "$sizes" --results "$results"
  fi
  [ -z "$ops" ] || set -- "$@" --ops "$ops"
  java $operations "$@" || wrong="$wrong operations"
fi

if wants tasks; then
  set -- --root "$root" --work "$work" --results "$results" --commit "$commit" --command "$command" \
    --backend "$backend" --pairs "$pairs" --python "$python" --peers "$peers"
  [ -z "$smoke" ] || set -- "$@" --smoke
  [ -z "$data" ] || set -- "$@" "$data"
  java dev.coppice.benchmarks.e2e.EndToEnd "$@" || wrong="$wrong tasks"
fi

[ -z "$not_run" ] || echo "not run:$not_run"
if [ -n "$wrong" ]; then
  echo "WRONG:$wrong"
  exit 1
fi
