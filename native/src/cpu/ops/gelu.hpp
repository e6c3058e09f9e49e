// SPDX-License-Identifier: Apache-2.0
// The argument of gelu's sigmoid, in its tanh form: 2 sqrt(2/pi) (x + 0.044715 x^3); and its derivative.
#pragma once
#include "logistic.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

constexpr float kGeluSlope = 1.5957691216f;  // 2 sqrt(2/pi)
constexpr float kGeluCubic = 0.044715f;

COPPICE_INLINE Vec gelu_argument(Vec x) { return kGeluSlope * x * madd(kGeluCubic * x, x, splat(1.0f)); }

COPPICE_INLINE Vec gelu_argument_slope(Vec x) { return kGeluSlope * madd(3.0f * kGeluCubic * x, x, splat(1.0f)); }

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
