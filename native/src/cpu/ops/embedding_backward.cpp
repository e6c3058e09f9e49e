// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

constexpr int64_t kColumns = 4 * kLanes;  // taken at once, so that a long list is walked few times

template <int kGroups, class Group>
COPPICE_INLINE void add_columns(const int32_t* order, const float* coef, const float* src, int64_t D, int64_t first,
                                int64_t last, float* row, Group group) {
  Vec sum[kGroups] = {};
  for (int64_t j = first; j < last; ++j) {
    const int64_t t = order[j];
    const Vec factor = splat(coef == nullptr ? 1.0f : coef[t]);
#pragma GCC unroll 4
    for (int i = 0; i < kGroups; ++i) sum[i] = madd(factor, load(src + t * D + i * kLanes, group), sum[i]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kGroups; ++i) store(row + i * kLanes, load(row + i * kLanes, group) + sum[i], group);
}

}  // namespace

/// Adds rows of a gradient to the rows of a table they were gathered from.
///
///   dtable[rows[r],:] += sum_{j = segments[r] .. segments[r+1]-1} coef[order[j]] * src[order[j],:]
///
/// Shapes   rows (R) distinct, in 0..V-1; segments (R+1); order (K) positions in 0..T-1; coef (T) or null for 1;
///          src (T,D); dtable (V,D).
/// Numbers  |error| <= (2 + n) * 2^-24 * (|dtable| + sum |coef * src|) for a row with n positions: the sum in the order
///          of j, then added to dtable. A row of the table belongs to one thread, so nothing depends on their number.
/// Cost     K*D multiply-adds; reads K*D floats at random, reads and writes R*D.
/// Source   the definition.
void CpuDevice::embedding_backward(int32_t R, int32_t D, int32_t, const int32_t* rows, const int32_t* segments,
                                   const int32_t* order, const float* coef, const float* src, float* dtable) {
  for_segment_ranges(threads_, R, segments, D, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      float* row = dtable + int64_t{rows[r]} * D;
      const int64_t first = segments[r], last = segments[r + 1];
      int64_t d = 0;
      for (; d + kColumns <= D; d += kColumns)
        add_columns<kColumns / kLanes>(order, coef, src + d, D, first, last, row + d, All{});
      for (; d + kLanes <= D; d += kLanes) add_columns<1>(order, coef, src + d, D, first, last, row + d, All{});
      if (d < D) add_columns<1>(order, coef, src + d, D, first, last, row + d, First{D - d});
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
