// SPDX-License-Identifier: Apache-2.0
// libcublas.so.13 of the test double. The presets' binding names it as a dependency; we call libcublasLt.so.13 alone.

extern "C" int cublasGetVersion_v2(void*, int* version) {
  *version = 139900;
  return 0;
}
