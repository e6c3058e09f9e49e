// SPDX-License-Identifier: Apache-2.0
// The argument of gelu's sigmoid, in its tanh form: 2 sqrt(2/pi) (x + 0.044715 x^3); and its derivative.
#pragma once
#include "logistic.cuh"

namespace coppice {

constexpr float kGeluSlope = 1.5957691216f;  // 2 sqrt(2/pi)
constexpr float kGeluCubic = 0.044715f;

__device__ __forceinline__ float gelu_argument(float x) { return kGeluSlope * x * fmaf(kGeluCubic * x, x, 1.0f); }

__device__ __forceinline__ float gelu_argument_slope(float x) {
  return kGeluSlope * fmaf(3.0f * kGeluCubic * x, x, 1.0f);
}

}  // namespace coppice
