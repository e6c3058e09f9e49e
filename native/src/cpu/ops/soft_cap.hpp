// SPDX-License-Identifier: Apache-2.0
// The hyperbolic tangent, and scores bounded by it: cap tanh(x/cap). NaN in gives NaN out.
#pragma once
#include "logistic.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// tanh(x) with a relative error of at most 4 * 2^-24: x + x z q(z), z = x^2, up to 0.625, q of degree 4 a minimax fit
// of our own (4.4e-9 before rounding); beyond, 1 - 2 e / (1 + e) with e = exp(-2 |x|) and the sign of x.
COPPICE_INLINE Vec tanh(Vec x) {
  const Vec z = x * x;
  Vec q = splat(-5.704986863e-3f);
  q = madd(q, z, splat(2.0639088e-2f));
  q = madd(q, z, splat(-5.373971537e-2f));
  q = madd(q, z, splat(1.333144158e-1f));
  q = madd(q, z, splat(-3.333328068e-1f));
  const Vec inner = madd(x * z, q, x), e = exp_of_minus_abs(x + x), outer = 1.0f - (e + e) / (e + 1.0f);
  const Vec whole = x < 0.0f ? -outer : outer;
  return z < 0.390625f ? inner : whole;
}

// Leaves scores as they are when `cap` is 0.
struct SoftCap {
  float cap;
  COPPICE_INLINE Vec apply(Vec x) const { return cap > 0.0f ? splat(cap) * tanh(x / cap) : x; }
  // The derivative of apply, from its result.
  COPPICE_INLINE Vec slope(Vec capped) const {
    const Vec t = capped / (cap > 0.0f ? cap : 1.0f);
    return cap > 0.0f ? 1.0f - t * t : splat(1.0f);
  }
};

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
