// SPDX-License-Identifier: Apache-2.0
// Dropout masks: the first word of Philox4x32-10 at counters (2, step, site, c), the same bits as on every backend.
// Source: Salmon et al., SC 2011, section 3.3; the counter's layout is coppice.h's.
#pragma once
#include "gpu.h"

namespace coppice {

struct DropoutMask {
  float scale;         // 1 / (1 - p)
  uint32_t threshold;  // kept when the word is at least this: the smallest integer >= p * 2^32; 0: no dropout
  uint32_t key0, key1, step, site, first;
  const int32_t* step_on_device = nullptr;  // instead of step, where given

  __device__ __forceinline__ uint32_t word(uint32_t c) const {
    uint32_t c0 = 2, c1 = step_on_device == nullptr ? step : static_cast<uint32_t>(*step_on_device), c2 = site,
             c3 = first + c, k0 = key0, k1 = key1;
    GPU_UNROLL
    for (int round = 0; round < 10; ++round) {
      const uint32_t high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
      const uint32_t high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    return c0;
  }

  __device__ __forceinline__ bool keeps(uint32_t c) const { return word(c) >= threshold; }

  // x / (1 - p) where element c is kept, else 0
  __device__ __forceinline__ float apply(float x, uint32_t c) const {
    if (threshold == 0) return x;
    return keeps(c) ? x * scale : 0.0f;
  }
};

inline DropoutMask dropout_mask(float p, int64_t seed, int32_t step, int32_t site, int64_t first) {
  const double rate = p, bound = rate * 4294967296.0;
  uint32_t threshold = static_cast<uint32_t>(bound);
  if (threshold < bound) ++threshold;
  const uint64_t key = static_cast<uint64_t>(seed);
  return {static_cast<float>(1.0 / (1.0 - rate)),
          threshold,
          static_cast<uint32_t>(key),
          static_cast<uint32_t>(key >> 32),
          static_cast<uint32_t>(step),
          static_cast<uint32_t>(site),
          static_cast<uint32_t>(first)};
}

}  // namespace coppice
