#!/bin/sh
# Formats all sources: google-java-format through Maven, clang-format for native code.
set -eu
cd "$(dirname "$0")/.."
git ls-files "*.cpp" "*.hpp" "*.h" "*.cu" "*.cuh" | xargs clang-format -i
mvn -q spotless:apply
