// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The weighted sum of each sample's values.
///
///   out[b] = sum_{t in b} weights[t] * values[t]
///
/// Shapes   offsets (B+1) I32; values (T); weights (T) or null for 1; out (B).
/// Numbers  |error| <= (1 + n) * 2^-24 * sum_t |weights[t] * values[t]| for n positions, added in their order. A sample
///          without positions gives 0.
/// Cost     T multiply-adds, 8 T bytes.
/// Source   the definition.
void CpuDevice::segment_sum(int32_t B, const int32_t* offsets, const float* values, const float* weights, float* out) {
  for_segment_ranges(threads_, B, offsets, 1, [=](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      float sum = 0.0f;
      for (int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
        sum += weights == nullptr ? values[t] : weights[t] * values[t];
      }
      out[b] = sum;
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
