# Shared by the launchers of a portable bundle, which set $here: the bundle's Java, its options and class path.

case $here in
  *:*)
    echo "the folder of the bundle has a colon in its path, which divides paths: $here; move it" >&2
    exit 4
    ;;
esac

# Threads that wait for each other spin shortly and then sleep: see scripts/setup.sh of the sources.
if [ -z "${OMP_WAIT_POLICY:-}" ]; then
  export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-5000}"
fi

bundled_class_path="$here/lib/*:$here/natives"

# Every native library is used where it lies: nothing is unpacked, and neither HOME nor /tmp need be there.
bundled_java() {
  exec "$here/runtime/bin/java" "@$here/bin/java.options" -XX:-UsePerfData \
    "-Djava.library.path=$here/natives/libraries" "-Dlibrary.jline.path=$here/natives/libraries" \
    "-DRUST_LIBRARY_PATH=$here/natives/libraries/libtokenizers.so" "$@"
}
