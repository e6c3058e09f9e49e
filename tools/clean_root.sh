#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the portable bundle and runs it in a root that holds the C library, a shell and readlink, and nothing else: no
# Java, no compiler, no OpenBLAS, no libstdc++, no /tmp, no home. All but one folder is read-only, the bundle's path has
# spaces, and it is started through a symbolic link.
#
#   tools/clean_root.sh [--archive FILE.tar.xz] [OPTION-OF-portable-bundle...]
#
# --archive  one that is there already
#
# Needs root, or the right to make user namespaces; without either it says what was not run, and ends with 0.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd -P)
archive=
if [ "${1:-}" = --archive ]; then
  archive=$2
else
  archive=$("$here/scripts/portable-bundle" "$@" | tail -n 1)
fi
case $archive in
  *-tests.tar.xz) limit=64000000 ;;
  *) limit=55000000 ;;
esac
bytes=$(stat -c %s "$archive")
if [ "$bytes" -ge $limit ]; then
  echo "$archive has $bytes bytes; less than $limit are allowed" >&2
  exit 1
fi

as_root=
[ "$(id -u)" = 0 ] || as_root="--user --map-root-user"
base=$(mktemp -d)
trap 'chmod -R u+w "$base"; rm -rf "$base"' EXIT
place="/opt/a folder with spaces"
mkdir -p "$base/bin" "$base/dev" "$base/proc" "$base/out" "$base$place"
xz -dc "$archive" | tar -xf - -C "$base$place"
mv "$base$place"/coppice-* "$base$place/coppice"
ln -s "$place/coppice/bin/coppice" "$base/bin/coppice"
cp "$(command -v dash || command -v bash)" "$base/bin/sh"
cp "$(command -v readlink)" "$base/bin/readlink"
# What the C library consists of, and what the two programs link.
for file in $(ldd "$base/bin/sh" "$base/bin/readlink" | grep -o '/[^ ]*' | grep -v ':$') $(
  ldconfig -p | sed -n 's/^\tlib\(c\|m\|dl\|rt\|pthread\)\.so\.[0-9] (.*x86-64.*) => //p'); do
  mkdir -p "$base$(dirname "$file")"
  [ -e "$base$file" ] || cp -L "$file" "$base$file"
done

# Runs its arguments in the root, with /out to write to and no network.
inside() {
  # shellcheck disable=SC2016,SC2086  # expanded inside
  unshare $as_root --mount --pid --fork --net sh -c '
    set -e
    root=$1
    shift
    mount --bind "$root" "$root"
    mount --bind "$root/out" "$root/out"
    mount -t proc proc "$root/proc"
    mount -t tmpfs devices "$root/dev"
    for device in null zero urandom random; do
      : >"$root/dev/$device"
      mount --bind "/dev/$device" "$root/dev/$device"
    done
    mount -o remount,bind,ro "$root"
    exec env -i HOME=/nonexistent PATH=/bin "$(command -v chroot)" "$root" "$@"' sh "$base" "$@"
}

# Runs its other arguments in the root, which must end with the code of the first.
expect() {
  wanted=$1
  shift
  code=0
  inside "$@" >"$base/out/said" 2>"$base/out/complained" || code=$?
  if [ "$code" != "$wanted" ]; then
    cat "$base/out/said" "$base/out/complained"
    echo "in the clean root, $* ended with $code; $wanted is right" >&2
    exit 1
  fi
}

if ! inside /bin/sh -c : >"$base/out/complained" 2>&1; then
  cat "$base/out/complained" >&2
  echo "NOT RUN: the bundle, of $bytes bytes, in a clean root, as this user may not make one here" >&2
  exit 0
fi
if inside /bin/sh -c ': >/opt/written' 2>"$base/out/complained" || inside /bin/sh -c 'command -v java'; then
  echo "the clean root can be written to, or has a Java: it proves nothing" >&2
  exit 1
fi
expect 0 coppice doctor
cat "$base/out/said"
expect 0 coppice demo --out /out/demo --quiet
test -s "$base$(tail -n 1 "$base/out/said")"
test -s "$base/out/demo/run/selection.txt"
expect 0 coppice prune --data /out/demo/data --out /out/run --n 20 --epochs 2 --quiet
test "$(wc -l <"$base/out/run/selection.txt")" = 20
expect 4 coppice demo --out /out/gpu --backend cuda --quiet
cat "$base/out/complained"
echo "the bundle of $bytes bytes runs without Java, in a root that is read-only"
