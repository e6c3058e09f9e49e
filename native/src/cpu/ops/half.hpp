// SPDX-License-Identifier: Apache-2.0
// BF16 and F16 to float32, exactly; float32 to BF16, rounded.
#pragma once
#include <cstdint>

#include "coppice/coppice.h"

namespace coppice {
namespace COPPICE_ISA {
namespace {

inline float float_of_bits(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

inline float float_of_bf16(uint16_t bits) { return float_of_bits(static_cast<uint32_t>(bits) << 16); }

// Half of what is cut off is added, or just less than half where the bit before is even, which carries as it should.
inline uint16_t bf16_of_float(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  const uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1u);
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<uint16_t>(nan ? bits >> 16 | 0x40u : rounded >> 16);
}

// The 15 bits of the magnitude, moved into place, are a float 2^112 times too small; scaling is exact and places
// denormals too. Infinity and NaN then get the exponent of float32.
inline float float_of_f16(uint16_t bits) {
  const uint32_t magnitude = (bits & 0x7fffu) << 13;
  const float scaled = float_of_bits(magnitude) * 0x1p112f;
  uint32_t out;
  __builtin_memcpy(&out, &scaled, sizeof out);
  out = magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : out;
  return float_of_bits(out | (bits & 0x8000u) << 16);
}

// store(i, float(src[first + i])) for 0 <= i < count
template <class Store>
inline void for_floats(const void* src, int32_t dtype, int64_t first, int64_t count, Store store) {
  if (dtype == COP_F32) {
    const float* s = static_cast<const float*>(src) + first;
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) store(i, s[i]);
    return;
  }
  const uint16_t* s = static_cast<const uint16_t*>(src) + first;
  if (dtype == COP_BF16) {
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) store(i, float_of_bf16(s[i]));
  } else {
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) store(i, float_of_f16(s[i]));
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
