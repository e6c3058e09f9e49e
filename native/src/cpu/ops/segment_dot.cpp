// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The inner product of each sample's rows in two matrices.
///
///   out[b] = sum_{t in b} sum_d x[t,d] * y[t,d]
///
/// Shapes   offsets (B+1) I32; x, y (T,D); out (B).
/// Numbers  |error| <= (n * ceil(D/4) + 4) * 2^-24 * out(|x|,|y|) for n positions: a chain of n * ceil(D/lanes) terms
/// in
///          each lane, position after position, then the lanes. A sample without positions gives 0.
/// Cost     T*D multiply-adds, 8 T*D bytes: bound by memory.
/// Source   the definition.
void CpuDevice::segment_dot(int32_t B, int32_t D, const int32_t* offsets, const float* x, const float* y, float* out) {
  for_segment_ranges(threads_, B, offsets, D, [=](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      Vec sum = {};
      for (int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
        const float* a = x + t * D;
        const float* c = y + t * D;
        for_lanes(D, [&](int64_t d, auto group) { sum = madd(load(a + d, group), load(c + d, group), sum); });
      }
      out[b] = sum_lanes(sum);
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
