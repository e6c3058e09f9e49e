// SPDX-License-Identifier: Apache-2.0
// Sums of the lanes of several vectors at once: about three instructions a vector instead of a dozen, and the same bits
// as sum_lanes.
#pragma once
#include "vector_math.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// x's lanes folded onto those without the bit HALF, y's onto those with it.
template <int HALF>
COPPICE_INLINE Vec merged(Vec x, Vec y) {
  IntVec own, other;
  for (int i = 0; i < kLanes; ++i) {
    const int from = (i & HALF) != 0 ? kLanes : 0;
    own[i] = from + i;
    other[i] = from + (i ^ HALF);
  }
  return __builtin_shuffle(x, y, own) + __builtin_shuffle(x, y, other);
}

// The sums of the lanes of leaf(FIRST) .. leaf(FIRST + SPAN - 1), as far as they are below COUNT, each in the order of
// sum_lanes; the bits of a leaf's number are those of its lane from the top.
template <int SPAN, int FIRST, int COUNT, class Leaf>
COPPICE_INLINE Vec folded(const Leaf& leaf) {
  if constexpr (SPAN == 1) {
    return leaf(FIRST);
  } else {
    constexpr int kHalf = kLanes / SPAN, kSecond = FIRST + SPAN / 2;
    const Vec x = folded<SPAN / 2, FIRST, COUNT>(leaf);
    if constexpr (kSecond < COUNT) {
      return merged<kHalf>(x, folded<SPAN / 2, kSecond, COUNT>(leaf));
    } else {
      return x + turned<kHalf>(x);
    }
  }
}

// The lane in which `folded` leaves the sum of a leaf: the bits of its number in reverse.
constexpr int lane_of_leaf(int leaf) {
  int lane = 0;
  for (int low = 1, high = kLanes / 2; high > 0; low *= 2, high /= 2) lane |= (leaf & low) != 0 ? high : 0;
  return lane;
}

// A number for each of ROWS rows that are worked on together, in the lanes where `folded` leaves their sums.
template <int ROWS>
struct RowNumbers {
  Vec lanes;

  // From a vector for each row whose lanes are to be added.
  explicit COPPICE_INLINE RowNumbers(const Vec (&sums)[ROWS])
      : lanes(folded<kLanes, 0, ROWS>([&](int r) __attribute__((always_inline)) { return sums[r]; })) {}
  explicit COPPICE_INLINE RowNumbers(Vec numbers) : lanes(numbers) {}

  COPPICE_INLINE float at(int r) const { return lanes[lane_of_leaf(r)]; }
  // The number of row r in all lanes.
  COPPICE_INLINE Vec all(int r) const { return __builtin_shuffle(lanes, IntVec{} + lane_of_leaf(r)); }
};

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
