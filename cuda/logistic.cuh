// SPDX-License-Identifier: Apache-2.0
// Softplus and sigmoid without overflow, from e = exp(-|x|). NaN in gives NaN out.
#pragma once
#include "gpu.h"

namespace coppice {

__device__ __forceinline__ float exp_of_minus_abs(float x) { return expf(-fabsf(x)); }

// log(1 + exp(x)) = max(x, 0) + log1p(e)
__device__ __forceinline__ float softplus(float x, float e) { return (x < 0.0f ? 0.0f : x) + log1pf(e); }

// 1 / (1 + exp(-x)), relatively accurate for negative x too
__device__ __forceinline__ float sigmoid(float x, float e) { return (x < 0.0f ? e : 1.0f) / (1.0f + e); }

}  // namespace coppice
