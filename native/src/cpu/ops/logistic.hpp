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

// log(1 + u) for 0 <= u <= 1, relative error at most 3 * 2^-24: 2 s (1 + s^2 q(s^2)) with s = u / (2 + u); q of degree
// 3 is a minimax fit of our own (4.5e-9 before rounding).
COPPICE_INLINE Vec log1p_of_unit(Vec u) {
  const Vec s = u / (u + 2.0f), z = s * s, twice = s + s;
  Vec q = splat(1.400601264e-1f);
  q = madd(q, z, splat(1.40008979e-1f));
  q = madd(q, z, splat(2.001076399e-1f));
  q = madd(q, z, splat(3.333320813e-1f));
  return madd(twice * z, q, twice);
}

// log(1 + exp(x)) = max(x, 0) + log1p(e)
COPPICE_INLINE Vec softplus(Vec x, Vec e) { return (x < 0.0f ? splat(0.0f) : x) + log1p_of_unit(e); }

// 1 / (1 + exp(-x)), relatively accurate for negative x too
COPPICE_INLINE Vec sigmoid(Vec x, Vec e) { return (x < 0.0f ? e : splat(1.0f)) / (e + 1.0f); }

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
