// SPDX-License-Identifier: Apache-2.0
// Dropout masks: the first word of Philox4x32-10 at counters (2, step, site, c), kLanes consecutive c at once.
// Source: Salmon et al., SC 2011, section 3.3; the counter's layout is coppice.h's.
#pragma once
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

constexpr uint32_t kPhiloxM0 = 0xD2511F53u, kPhiloxM1 = 0xCD9E8D57u;
constexpr uint32_t kPhiloxW0 = 0x9E3779B9u, kPhiloxW1 = 0xBB67AE85u;
constexpr uint32_t kDropoutPurpose = 2;

// One dropout: what does not depend on c. Three of the four counter words are the same for all elements, so most of the
// first three rounds is too: `r` holds the constant a word of those rounds is combined with.
struct Dropout {
  float scale;         // 1 / (1 - p)
  uint32_t threshold;  // kept when the word is at least this: the smallest integer >= p * 2^32
  struct {
    uint32_t c2_round0, c0_round1, c0_round2, c2_round2, c0_round3, k1_round3;
  } r;
  uint32_t k0, k1;  // key of round 0
  uint32_t first;   // c of element 0
};

inline Dropout dropout_of(float p, int64_t seed, int32_t step, int32_t site, int64_t first) {
  Dropout out;
  const double rate = p, bound = rate * 4294967296.0;
  out.scale = static_cast<float>(1.0 / (1.0 - rate));
  out.threshold = static_cast<uint32_t>(bound);
  if (out.threshold < bound) ++out.threshold;
  const uint64_t key = static_cast<uint64_t>(seed);
  const uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  out.first = static_cast<uint32_t>(first);
  out.k0 = k0;
  out.k1 = k1;
  const auto high = [](uint64_t product) { return static_cast<uint32_t>(product >> 32); };
  const auto low = [](uint64_t product) { return static_cast<uint32_t>(product); };
  // Round 0 of (2, step, site, c): only c2 depends on c.
  const uint64_t p0 = uint64_t{kPhiloxM0} * kDropoutPurpose, p1 = uint64_t{kPhiloxM1} * static_cast<uint32_t>(site);
  const uint32_t c0 = high(p1) ^ static_cast<uint32_t>(step) ^ k0, c1 = low(p1), c3 = low(p0);
  out.r.c2_round0 = high(p0) ^ k1;
  // Round 1: c0 and c1 depend on c.
  const uint64_t q0 = uint64_t{kPhiloxM0} * c0;
  out.r.c0_round1 = c1 ^ (k0 + kPhiloxW0);
  const uint32_t d2 = high(q0) ^ c3 ^ (k1 + kPhiloxW1), d3 = low(q0);
  // Round 2: c0, c2 and c3 depend on c.
  const uint64_t s1 = uint64_t{kPhiloxM1} * d2;
  out.r.c0_round2 = high(s1) ^ (k0 + 2 * kPhiloxW0);
  out.r.c2_round2 = d3 ^ (k1 + 2 * kPhiloxW1);
  // Round 3: all of them.
  out.r.c0_round3 = low(s1) ^ (k0 + 3 * kPhiloxW0);
  out.r.k1_round3 = k1 + 3 * kPhiloxW1;
  return out;
}

// 64-bit lanes of which the low halves hold the words; what the high halves hold does not matter.
#if defined(__AVX512F__)
typedef __m512i Words;
COPPICE_INLINE Words words(uint32_t a) { return _mm512_set1_epi64(a); }
COPPICE_INLINE Words multiply(Words a, Words b) { return _mm512_mul_epu32(a, b); }
COPPICE_INLINE Words high_half(Words a) { return _mm512_srli_epi64(a, 32); }
COPPICE_INLINE Words low_to_high(Words a) { return _mm512_slli_epi64(a, 32); }
COPPICE_INLINE Words exclusive_or(Words a, Words b, Words c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
COPPICE_INLINE Words interleave(Words even, Words odd) {
  return _mm512_mask_blend_epi32(0xAAAA, even, low_to_high(odd));
}
#elif defined(__AVX2__)
typedef __m256i Words;
COPPICE_INLINE Words words(uint32_t a) { return _mm256_set1_epi64x(a); }
COPPICE_INLINE Words multiply(Words a, Words b) { return _mm256_mul_epu32(a, b); }
COPPICE_INLINE Words high_half(Words a) { return _mm256_srli_epi64(a, 32); }
COPPICE_INLINE Words low_to_high(Words a) { return _mm256_slli_epi64(a, 32); }
COPPICE_INLINE Words exclusive_or(Words a, Words b, Words c) { return a ^ b ^ c; }
COPPICE_INLINE Words interleave(Words even, Words odd) { return _mm256_blend_epi32(even, low_to_high(odd), 0xAA); }
#else
typedef __m128i Words;
COPPICE_INLINE Words words(uint32_t a) { return _mm_set1_epi64x(a); }
COPPICE_INLINE Words multiply(Words a, Words b) { return _mm_mul_epu32(a, b); }
COPPICE_INLINE Words high_half(Words a) { return _mm_srli_epi64(a, 32); }
COPPICE_INLINE Words low_to_high(Words a) { return _mm_slli_epi64(a, 32); }
COPPICE_INLINE Words exclusive_or(Words a, Words b, Words c) { return a ^ b ^ c; }
COPPICE_INLINE Words interleave(Words even, Words odd) { return (even & words(0xffffffffu)) | low_to_high(odd); }
#endif

COPPICE_INLINE Words first_words(const Dropout& drop, Words c) {
  const Words m0 = words(kPhiloxM0), m1 = words(kPhiloxM1);
  Words p0, p1 = multiply(m1, c ^ words(drop.r.c2_round0));  // round 1
  Words c0 = high_half(p1) ^ words(drop.r.c0_round1), c1 = p1, c2, c3;
  p0 = multiply(m0, c0);  // round 2
  c0 = c1 ^ words(drop.r.c0_round2);
  c2 = high_half(p0) ^ words(drop.r.c2_round2);
  c3 = p0;
  p0 = multiply(m0, c0);  // round 3
  p1 = multiply(m1, c2);
  c0 = high_half(p1) ^ words(drop.r.c0_round3);
  c2 = exclusive_or(high_half(p0), c3, words(drop.r.k1_round3));
  c1 = p1;
  c3 = p0;
#pragma GCC unroll 5
  for (uint32_t round = 4; round < 9; ++round) {
    p0 = multiply(m0, c0);
    p1 = multiply(m1, c2);
    c0 = exclusive_or(high_half(p1), c1, words(drop.k0 + round * kPhiloxW0));
    c2 = exclusive_or(high_half(p0), c3, words(drop.k1 + round * kPhiloxW1));
    c1 = p1;
    c3 = p0;
  }
  return exclusive_or(high_half(multiply(m1, c2)), c1, words(drop.k0 + 9 * kPhiloxW0));  // round 9
}

// x / (1 - p) where the element is kept, else 0, for the elements first + c, first + c+1, ..., first + c+kLanes-1.
COPPICE_INLINE Vec drop_lanes(const Dropout& drop, uint32_t c, Vec x) {
  constexpr int32_t kSteps[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  IntVec counters;
  __builtin_memcpy(&counters, kSteps, sizeof counters);
  counters += static_cast<int32_t>(drop.first + c);
  const Words even = reinterpret_cast<Words>(counters);
  const Words word = interleave(first_words(drop, even), first_words(drop, high_half(even)));
  // Unsigned order by a signed comparison.
  const IntVec dropped =
      (reinterpret_cast<IntVec>(word) ^ INT32_MIN) < (IntVec{} + static_cast<int32_t>(drop.threshold ^ 0x80000000u));
  return dropped ? Vec{} : x * drop.scale;
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
