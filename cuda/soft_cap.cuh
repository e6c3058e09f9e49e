// SPDX-License-Identifier: Apache-2.0
// Scores bounded by a hyperbolic tangent: cap tanh(x/cap). NaN in gives NaN out.
#pragma once
#include "gpu.h"

namespace coppice {

// Leaves scores as they are when `cap` is 0.
struct SoftCap {
  float cap;
  __device__ __forceinline__ bool present() const { return cap > 0.0f; }
  __device__ __forceinline__ float apply(float x) const { return present() ? cap * tanhf(x / cap) : x; }
  // The derivative of apply, from its result.
  __device__ __forceinline__ float slope(float capped) const {
    const float t = present() ? capped / cap : 0.0f;
    return 1.0f - t * t;
  }
};

}  // namespace coppice
