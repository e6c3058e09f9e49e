// SPDX-License-Identifier: Apache-2.0
// A row walked in groups of kLanes: whole groups, then what is left with the lanes beyond the end reading as zero. A
// sum over a row is therefore one chain of additions in each lane, folded by sum_lanes at the end, in the same order
// for every row, wherever it lies in memory.
#pragma once
#include <immintrin.h>

#include "vector_math.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

struct All {};  // all lanes
struct First {  // the first 1 .. kLanes-1
  int64_t count;
};

COPPICE_INLINE Vec load(const float* p, All) { return load(p); }
COPPICE_INLINE void store(float* p, Vec x, All) { store(p, x); }
COPPICE_INLINE Vec load(const float* p, First first) { return load_part(p, first.count); }
COPPICE_INLINE void store(float* p, Vec x, First first) { store_part(p, x, first.count); }

// x with zero in the lanes beyond the end
COPPICE_INLINE Vec only(Vec x, All) { return x; }
COPPICE_INLINE Vec only(Vec x, First first) {
  constexpr int32_t kIndex[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  IntVec lane;
  __builtin_memcpy(&lane, kIndex, sizeof lane);
  return lane < static_cast<int32_t>(first.count) ? x : Vec{};
}

// body(d, All{}) for each whole group of 0 .. width-1, then body(d, First{n}) for the rest.
template <class Body>
COPPICE_INLINE void for_lanes(int64_t width, Body body) {
  int64_t d = 0;
  for (; d + kLanes <= width; d += kLanes) body(d, All{});
  if (d < width) body(d, First{width - d});
}

COPPICE_INLINE Vec square_root(Vec x) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vec>(_mm512_sqrt_ps(reinterpret_cast<__m512>(x)));
#elif defined(__AVX2__)
  return reinterpret_cast<Vec>(_mm256_sqrt_ps(reinterpret_cast<__m256>(x)));
#else
  return reinterpret_cast<Vec>(_mm_sqrt_ps(reinterpret_cast<__m128>(x)));
#endif
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
