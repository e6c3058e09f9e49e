// SPDX-License-Identifier: Apache-2.0
// BF16 and F16 to float32, exactly; float32 to BF16, rounded.
#pragma once
#include "coppice/coppice.h"
#include "gpu.h"

namespace coppice {

// The 15 bits of an F16's magnitude, moved into place, are a float 2^112 times too small; scaling is exact and places
// subnormals too. Infinity and NaN then get the exponent of float32.
__device__ __forceinline__ float float_of_f16(uint16_t bits) {
  const uint32_t magnitude = (bits & 0x7fffu) << 13;
  uint32_t out = __float_as_uint(__uint_as_float(magnitude) * 0x1p112f);
  if (magnitude >= 0x0f800000u) out = magnitude | 0x7f800000u;
  return __uint_as_float(out | (bits & 0x8000u) << 16);
}

__device__ __forceinline__ float float_of_bf16(uint16_t bits) { return __uint_as_float(uint32_t{bits} << 16); }

// Half of what is cut off is added, or just less than half where the bit before is even, which carries as it should.
__device__ __forceinline__ uint16_t bf16_of_float(float x) {
  const uint32_t bits = __float_as_uint(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

struct F32Source {
  const float* data;
  __device__ __forceinline__ float at(int64_t i) const { return data[i]; }
};
struct Bf16Source {
  const uint16_t* data;
  __device__ __forceinline__ float at(int64_t i) const { return float_of_bf16(data[i]); }
};
struct F16Source {
  const uint16_t* data;
  __device__ __forceinline__ float at(int64_t i) const { return float_of_f16(data[i]); }
};

// body(source) with the source of the dtype
template <class Body>
void for_dtype(const void* data, int32_t dtype, Body body) {
  if (dtype == COP_F32) return body(F32Source{static_cast<const float*>(data)});
  if (dtype == COP_BF16) return body(Bf16Source{static_cast<const uint16_t*>(data)});
  body(F16Source{static_cast<const uint16_t*>(data)});
}

}  // namespace coppice
