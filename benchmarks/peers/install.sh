#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what the PyTorch programs of this folder run on, on Debian and Ubuntu, as root. Without OpenBLAS, Debian's
# torch computes with the reference BLAS, which is several times slower.
set -eu
if ! command -v apt-get >/dev/null 2>&1; then
  echo "no apt-get: install PyTorch 1.13 or newer for python3, with OpenBLAS or MKL" >&2
  exit 4
fi
if [ "$(id -u)" != 0 ]; then
  echo "run: sudo apt-get install -y --no-install-recommends python3-torch libopenblas0-pthread" >&2
  exit 4
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends python3-torch libopenblas0-pthread >/dev/null
/usr/bin/python3 -c "import torch; print('torch', torch.__version__)"
