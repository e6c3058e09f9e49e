// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// From the logits of the positive and the negative item back to the hidden state.
///
///   dh[t,:] = dpos[t] * table[positives[t],:] + dneg[t] * table[negatives[t],:]
///
/// Shapes   dpos, dneg (T); table (V,D); positives, negatives (T) I32 in 0..V-1; dh (T,D).
/// Numbers  |error| <= 2 * 2^-24 * (|dpos * table| + |dneg * table|); a position's result depends on no other.
/// Cost     2 T*D multiply-adds, two rows of the table at random for each position.
/// Source   the chain rule; the last line of sampled_bce_forward for given dpos and dneg.
void CpuDevice::sampled_bce_backward(int32_t T, int32_t D, int32_t, const float* dpos, const float* dneg,
                                     const float* table, const int32_t* positives, const int32_t* negatives,
                                     float* dh) {
  for_ranges(threads_, T, int64_t{T} * D, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* row_p = table + int64_t{positives[t]} * D;
      const float* row_n = table + int64_t{negatives[t]} * D;
      const Vec at_p = splat(dpos[t]), at_n = splat(dneg[t]);
      for_lanes(D, [=](int64_t d, auto part) {
        store(dh + t * D + d, madd(at_p, load(row_p + d, part), at_n * load(row_n + d, part)), part);
      });
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
