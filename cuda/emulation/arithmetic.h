// SPDX-License-Identifier: Apache-2.0
// CUDA's arithmetic intrinsics for g++. Roundings are those of the host: within the same bounds as on a device, not
// the same bits.
#pragma once
#include <cmath>
#include <cstring>

#include "builtins.h"

namespace emulation {

template <class To, class From>
To bits_of(From value) {
  static_assert(sizeof(To) == sizeof(From), "same size");
  To bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

}  // namespace emulation

template <class T>
T __ldg(const T* p) {
  return *p;
}
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline unsigned __float_as_uint(float x) { return emulation::bits_of<unsigned>(x); }
inline int __float_as_int(float x) { return emulation::bits_of<int>(x); }
inline float __uint_as_float(unsigned x) { return emulation::bits_of<float>(x); }
inline float __int_as_float(int x) { return emulation::bits_of<float>(x); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(uint64_t{a} * b >> 32); }
template <class T>
T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
T max(T a, T b) {
  return a < b ? b : a;
}
