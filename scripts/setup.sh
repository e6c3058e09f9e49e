# Shared by bin/coppice, bin/test and the benchmarks, which set $root: finds or installs what the build needs, and builds.

oldest_java=17

# The Java that runs Coppice.
java_command() {
  if [ -n "${JAVA_HOME:-}" ]; then
    echo "$JAVA_HOME/bin/java"
  else
    echo java
  fi
}

# Threads that wait for each other spin for some tens of microseconds and then sleep: waking up costs more than most
# operations take, and on a machine that others use too, long spinning costs far more.
limit_spinning() {
  if [ -z "${OMP_WAIT_POLICY:-}" ]; then
    GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-5000}
    export GOMP_SPINCOUNT
  fi
}

# Whether there is a Java compiler of at least the oldest version that will do.
has_jdk() {
  javac=javac
  [ -z "${JAVA_HOME:-}" ] || javac=$JAVA_HOME/bin/javac
  version=$("$javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p') || return 1
  [ -n "$version" ] && [ "$version" -ge "$oldest_java" ]
}

# Names of what is missing, one a line.
missing_tools() {
  has_jdk || echo jdk
  for tool in mvn g++ cmake ninja; do
    command -v "$tool" >/dev/null 2>&1 || echo "$tool"
  done
}

# Debian's packages of some tools.
debian_packages() {
  for tool in "$@"; do
    case $tool in
      jdk)
        # a release without Java 17 has a newer one
        if apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1; then
          echo openjdk-17-jdk-headless
        else
          echo default-jdk-headless
        fi
        ;;
      mvn) echo maven ;;
      ninja) echo ninja-build ;;
      *) echo "$tool" ;;
    esac
  done
}

# Installs what is missing where that is allowed; else says how, and ends with 4.
need_tools() {
  missing=$(missing_tools)
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing:" $missing "- install a JDK of version $oldest_java or newer, Maven, g++, CMake and Ninja" >&2
    exit 4
  fi
  if [ "$(id -u)" != 0 ]; then
    echo "missing:" $missing "- run: sudo apt-get install -y" $(debian_packages $missing) >&2
    exit 4
  fi
  mkdir -p "$root/target"
  log=$root/target/setup.log
  echo "installing" $missing "(log: $log)..." >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update >"$log" 2>&1 || true # old lists may do
  if ! apt-get install -y --no-install-recommends $(debian_packages $missing) >>"$log" 2>&1 ||
    [ -n "$(missing_tools)" ]; then
    tail -n 20 "$log" >&2
    echo "missing:" $(missing_tools) "- could not be installed; run: apt-get install -y" \
      $(debian_packages $missing) >&2
    exit 4
  fi
}

# Whether a source is newer than the last build.
needs_build() {
  stamp=$root/target/coppice.stamp
  [ ! -f "$stamp" ] ||
    [ -n "$(cd "$root" && find src/main native cmake pom.xml -newer "$stamp" 2>/dev/null | head -n 1)" ]
}

# Builds, one process at a time; the log is shown only if that fails.
build() {
  need_tools
  mkdir -p "$root/target"
  (
    if command -v flock >/dev/null 2>&1; then
      flock 9
    fi
    needs_build || exit 0 # another process has built meanwhile
    log=$root/target/build.log
    echo "building (log: $log)..." >&2
    touch "$root/target/coppice.stamp.new" # before the sources are read
    if ! (cd "$root" && mvn -B -q -ntp compile) >"$log" 2>&1 9>&-; then
      cat "$log" >&2
      echo "the build failed; its log is $log" >&2
      exit 5
    fi
    mv "$root/target/coppice.stamp.new" "$root/target/coppice.stamp"
  ) 9>"$root/target/build.lock"
}
