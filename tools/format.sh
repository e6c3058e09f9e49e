#!/bin/sh
# Formats all sources: google-java-format through Maven, clang-format for native code.
set -eu
cd "$(dirname "$0")/.."
find native cuda \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' \) -exec clang-format -i {} +
mvn -q spotless:apply
