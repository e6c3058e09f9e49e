#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails if an object compiled for one instruction set defines a symbol outside its namespace that is not local: the
# linker keeps one copy of such a (weak) symbol for all, and that copy would be called on machines that cannot run it.
#
#   isa_symbols.sh NM ISA OBJECT...
set -eu
nm=$1 isa=$2
shift 2
[ $# -gt 0 ] || { echo "no objects of $isa"; exit 1; }
# nm: address, type, name. Lower case is local, except for v, w (weak) and u (unique).
bad=$("$nm" --defined-only --demangle "$@" | awk -v own="coppice::$isa::" '
  NF >= 3 && $2 ~ /^[A-Zuvw]$/ && index($0, own) == 0 { print }' |
  grep -v 'DW\.ref\.__gxx_personality_v0' || true)
if [ -n "$bad" ]; then
  echo "symbols of $isa that the linker may merge:"
  echo "$bad"
  exit 1
fi
echo "$isa: $# objects, no shared symbols"
