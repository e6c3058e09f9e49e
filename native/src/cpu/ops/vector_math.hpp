// SPDX-License-Identifier: Apache-2.0
// Vectors of the instruction set a file is compiled for, and exp on them. Everything is in an anonymous namespace:
// each instruction set has its own copy and the linker merges none.
#pragma once
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define COPPICE_INLINE inline __attribute__((always_inline))

namespace coppice {
namespace COPPICE_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(4 * kLanes)));
typedef int32_t IntVec __attribute__((vector_size(4 * kLanes)));
typedef float UnalignedVec __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

COPPICE_INLINE Vec splat(float x) { return x - Vec{}; }
COPPICE_INLINE Vec load(const float* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
COPPICE_INLINE void store(float* p, Vec x) { *reinterpret_cast<UnalignedVec*>(p) = x; }

#if defined(__AVX2__) && !defined(__AVX512F__)
COPPICE_INLINE __m256i first_lanes(int64_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)), lane);
}
#endif
// The first `count` (0 .. kLanes) lanes; the others read as 0 and are not touched in memory.
COPPICE_INLINE Vec load_part(const float* p, int64_t count) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vec>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1u), p));
#elif defined(__AVX2__)
  return reinterpret_cast<Vec>(_mm256_maskload_ps(p, first_lanes(count)));
#else
  Vec x{};
  for (int64_t i = 0; i < count; ++i) x[i] = p[i];
  return x;
#endif
}
COPPICE_INLINE void store_part(float* p, Vec x, int64_t count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1u), reinterpret_cast<__m512>(x));
#elif defined(__AVX2__)
  _mm256_maskstore_ps(p, first_lanes(count), reinterpret_cast<__m256>(x));
#else
  for (int64_t i = 0; i < count; ++i) p[i] = x[i];
#endif
}

// a * b + c: one rounding where the instruction set has it, else two; never left to the compiler's contraction, so
// that every copy of a loop gives the same bits.
COPPICE_INLINE Vec madd(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vec>(
      _mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
#elif defined(__AVX2__)
  return reinterpret_cast<Vec>(
      _mm256_fmadd_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
#else
  return a * b + c;
#endif
}

// b where either is NaN
COPPICE_INLINE Vec maximum(Vec a, Vec b) { return a > b ? a : b; }

// Lane i holds what lane i ^ HALF held.
template <int HALF>
COPPICE_INLINE Vec turned(Vec x) {
  IntVec lane;
  for (int i = 0; i < kLanes; ++i) lane[i] = i ^ HALF;
  return __builtin_shuffle(x, lane);
}

// The sum of the lanes: halves are folded, always in the same order.
COPPICE_INLINE float sum_lanes(Vec x) {
#if defined(__AVX512F__)
  x += turned<8>(x);
#endif
#if defined(__AVX2__)
  x += turned<4>(x);
#endif
  x += turned<2>(x);
  x += turned<1>(x);
  return x[0];
}

// The largest lane that is not NaN, or -infinity.
COPPICE_INLINE float max_lanes(Vec x) {
  x = x == x ? x : splat(-__builtin_inff());
#if defined(__AVX512F__)
  x = maximum(x, turned<8>(x));
#endif
#if defined(__AVX2__)
  x = maximum(x, turned<4>(x));
#endif
  x = maximum(x, turned<2>(x));
  x = maximum(x, turned<1>(x));
  return x[0];
}

// exp(x) with a relative error of at most 2^-23: x = n ln 2 + r, |r| <= ln(2)/2, and 2^n (1 + r + r^2 q(r)) with q of
// degree 4, a minimax fit of our own (3.1e-9 before rounding). Subnormal results are rounded once more; 0 below
// -104, infinity above 88.72, NaN for NaN.
COPPICE_INLINE Vec exp(Vec x) {
  const Vec shift = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
  const Vec rounded = madd(x, splat(1.44269504f), shift);
  const Vec n = rounded - shift;
  Vec r = madd(n, splat(-0.693359375f), x);  // ln 2 in two parts; the first has 9 bits, so its product is exact
  r = madd(n, splat(2.12194440e-4f), r);
  Vec q = splat(1.38145988e-3f);
  q = madd(q, r, splat(8.36871658e-3f));
  q = madd(q, r, splat(4.16683890e-2f));
  q = madd(q, r, splat(1.66665211e-1f));
  q = madd(q, r, splat(4.99999940e-1f));
  q = madd(q, r, splat(1.0f));
  q = madd(q, r, splat(1.0f));
  // 2^n in two factors: n runs from -150, where the result is subnormal, to 128.
  const IntVec exponent = reinterpret_cast<IntVec>(rounded) - 0x4b400000, half = exponent >> 1;
  Vec y = q * reinterpret_cast<Vec>((half + 127) << 23) * reinterpret_cast<Vec>((exponent - half + 127) << 23);
  y = x < splat(-104.0f) ? splat(0.0f) : y;
  return x > splat(88.72283f) ? splat(__builtin_inff()) : y;
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

// log(x) for normal x >= 1, infinity and NaN, with an error of at most 2^-23 log(x) + 2^-24: x = 2^n (1 + u), 0 <= u
// < 1.
COPPICE_INLINE Vec log(Vec x) {
  const IntVec bits = reinterpret_cast<IntVec>(x);
  const Vec n = __builtin_convertvector((bits >> 23) - 127, Vec);
  const Vec u = reinterpret_cast<Vec>((bits & 0x7fffff) | 0x3f800000) - 1.0f;
  const Vec y = madd(n, splat(0.693147182f), log1p_of_unit(u));
  return x < splat(__builtin_inff()) ? y : x;
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
