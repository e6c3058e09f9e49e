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

inline float scale_of(float p) { return static_cast<float>(1.0 / (1.0 - static_cast<double>(p))); }

inline Dropout dropout_of(float p, int64_t seed, int32_t step, int32_t site, int64_t first) {
  Dropout out;
  const double rate = p, bound = rate * 4294967296.0;
  out.scale = scale_of(p);
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
// A bit for each word that is at least the bound, unsigned.
COPPICE_INLINE uint32_t at_least(Words words, uint32_t bound) {
  return _mm512_cmpge_epu32_mask(words, _mm512_set1_epi32(static_cast<int32_t>(bound)));
}
#elif defined(__AVX2__)
typedef __m256i Words;
COPPICE_INLINE Words words(uint32_t a) { return _mm256_set1_epi64x(a); }
COPPICE_INLINE Words multiply(Words a, Words b) { return _mm256_mul_epu32(a, b); }
COPPICE_INLINE Words high_half(Words a) { return _mm256_srli_epi64(a, 32); }
COPPICE_INLINE Words low_to_high(Words a) { return _mm256_slli_epi64(a, 32); }
COPPICE_INLINE Words exclusive_or(Words a, Words b, Words c) { return a ^ b ^ c; }
COPPICE_INLINE Words interleave(Words even, Words odd) { return _mm256_blend_epi32(even, low_to_high(odd), 0xAA); }
COPPICE_INLINE uint32_t at_least(Words words, uint32_t bound) {
  const Words least = _mm256_set1_epi32(static_cast<int32_t>(bound));
  const Words above = _mm256_cmpeq_epi32(_mm256_max_epu32(words, least), words);
  return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(above)));
}
#else
typedef __m128i Words;
COPPICE_INLINE Words words(uint32_t a) { return _mm_set1_epi64x(a); }
COPPICE_INLINE Words multiply(Words a, Words b) { return _mm_mul_epu32(a, b); }
COPPICE_INLINE Words high_half(Words a) { return _mm_srli_epi64(a, 32); }
COPPICE_INLINE Words low_to_high(Words a) { return _mm_slli_epi64(a, 32); }
COPPICE_INLINE Words exclusive_or(Words a, Words b, Words c) { return a ^ b ^ c; }
COPPICE_INLINE Words interleave(Words even, Words odd) { return (even & words(0xffffffffu)) | low_to_high(odd); }
COPPICE_INLINE uint32_t at_least(Words words, uint32_t bound) {
  // Unsigned order by a signed comparison.
  const __m128i sign = _mm_set1_epi32(INT32_MIN), least = _mm_set1_epi32(static_cast<int32_t>(bound));
  const __m128i below = _mm_cmplt_epi32(words ^ sign, least ^ sign);
  return static_cast<uint32_t>(~_mm_movemask_ps(_mm_castsi128_ps(below)) & 0xf);
}
#endif

// The first word of each of CHAINS counters: independent chains side by side, as one alone waits for its products.
template <int CHAINS>
COPPICE_INLINE void first_words(const Dropout& drop, Words (&c)[CHAINS]) {
  const Words m0 = words(kPhiloxM0), m1 = words(kPhiloxM1);
  Words p0[CHAINS], p1[CHAINS], c0[CHAINS], c1[CHAINS], c2[CHAINS], c3[CHAINS];
  for (int i = 0; i < CHAINS; ++i) {  // round 1
    p1[i] = multiply(m1, c[i] ^ words(drop.r.c2_round0));
    c0[i] = high_half(p1[i]) ^ words(drop.r.c0_round1);
    c1[i] = p1[i];
  }
  for (int i = 0; i < CHAINS; ++i) {  // round 2
    p0[i] = multiply(m0, c0[i]);
    c0[i] = c1[i] ^ words(drop.r.c0_round2);
    c2[i] = high_half(p0[i]) ^ words(drop.r.c2_round2);
    c3[i] = p0[i];
  }
  for (int i = 0; i < CHAINS; ++i) {  // round 3
    p0[i] = multiply(m0, c0[i]);
    p1[i] = multiply(m1, c2[i]);
    c0[i] = high_half(p1[i]) ^ words(drop.r.c0_round3);
    c2[i] = exclusive_or(high_half(p0[i]), c3[i], words(drop.r.k1_round3));
    c1[i] = p1[i];
    c3[i] = p0[i];
  }
#pragma GCC unroll 5
  for (uint32_t round = 4; round < 9; ++round) {
    for (int i = 0; i < CHAINS; ++i) {
      p0[i] = multiply(m0, c0[i]);
      p1[i] = multiply(m1, c2[i]);
      c0[i] = exclusive_or(high_half(p1[i]), c1[i], words(drop.k0 + round * kPhiloxW0));
      c2[i] = exclusive_or(high_half(p0[i]), c3[i], words(drop.k1 + round * kPhiloxW1));
      c1[i] = p1[i];
      c3[i] = p0[i];
    }
  }
  for (int i = 0; i < CHAINS; ++i) {  // round 9
    c[i] = exclusive_or(high_half(multiply(m1, c2[i])), c1[i], words(drop.k0 + 9 * kPhiloxW0));
  }
}

// Which elements of GROUPS groups of kLanes from first + c on are kept, a bit each.
template <int GROUPS>
COPPICE_INLINE void kept_lanes(const Dropout& drop, uint32_t c, uint16_t* masks) {
  constexpr int32_t kSteps[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  IntVec counters;
  __builtin_memcpy(&counters, kSteps, sizeof counters);
  counters += static_cast<int32_t>(drop.first + c);
  Words chains[2 * GROUPS];
  for (int g = 0; g < GROUPS; ++g) {
    chains[2 * g] = reinterpret_cast<Words>(counters + g * kLanes);
    chains[2 * g + 1] = high_half(chains[2 * g]);
  }
  first_words(drop, chains);
  for (int g = 0; g < GROUPS; ++g) {
    masks[g] = static_cast<uint16_t>(at_least(interleave(chains[2 * g], chains[2 * g + 1]), drop.threshold));
  }
}

#if defined(__AVX512F__)
constexpr int kGroupsTogether = 2;
#else
constexpr int kGroupsTogether = 1;  // more do not fit the registers
#endif

// Masks of consecutive groups of kLanes elements, the first of which is first + c.
inline void draw_masks(const Dropout& drop, uint32_t c, int64_t groups, uint16_t* masks) {
  int64_t i = 0;
  for (; i + kGroupsTogether <= groups; i += kGroupsTogether) {
    kept_lanes<kGroupsTogether>(drop, c + static_cast<uint32_t>(i * kLanes), masks + i);
  }
  for (; i < groups; ++i) kept_lanes<1>(drop, c + static_cast<uint32_t>(i * kLanes), masks + i);
}

// x / (1 - p) in the lanes that are kept, else 0.
COPPICE_INLINE Vec kept(uint32_t lanes, float scale, Vec x) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vec>(_mm512_maskz_mul_ps(static_cast<__mmask16>(lanes), reinterpret_cast<__m512>(x),
                                                   reinterpret_cast<__m512>(splat(scale))));
#else
  IntVec bits;
  for (int i = 0; i < kLanes; ++i) bits[i] = 1 << i;
  return ((IntVec{} + static_cast<int32_t>(lanes)) & bits) != 0 ? x * scale : Vec{};
#endif
}

constexpr int64_t groups_of(int64_t D) { return (D + kLanes - 1) / kLanes; }

}  // namespace

// The masks of a tensor's elements: a row (D) is a whole number of groups, the last of which may reach beyond it.
struct Masks {
  const uint16_t* words;  // (T, row), or null: nothing is dropped
  int64_t row;            // groups
  float scale;

  // The masked x of element (t, d), d a multiple of kLanes.
  COPPICE_INLINE Vec apply(int64_t t, int64_t d, Vec x) const {
    return words == nullptr ? x : kept(words[t * row + d / kLanes], scale, x);
  }
};

}  // namespace COPPICE_ISA
}  // namespace coppice
