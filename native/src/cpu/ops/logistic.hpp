// SPDX-License-Identifier: Apache-2.0
// Softplus and sigmoid without overflow, from e = exp(-|x|). NaN in gives NaN out.
#pragma once
#include "vector_math.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

COPPICE_INLINE Vec exp_of_minus_abs(Vec x) {
  return exp(reinterpret_cast<Vec>(reinterpret_cast<IntVec>(x) | INT32_MIN));
}

// log(1 + exp(x)) = max(x, 0) + log1p(e)
COPPICE_INLINE Vec softplus(Vec x, Vec e) { return (x < 0.0f ? splat(0.0f) : x) + log1p_of_unit(e); }

// 1 / (1 + exp(-x)), relatively accurate for negative x too
COPPICE_INLINE Vec sigmoid(Vec x, Vec e) { return (x < 0.0f ? e : splat(1.0f)) / (e + 1.0f); }

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
