// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Each row divided by its root mean square, times a weight.
///
///   rstd[t] = 1/sqrt(mean_d x[t,d]^2 + eps),  y[t,d] = x[t,d] * rstd[t] * weight[d]
///
/// Shapes   x, y (T,D); weight (D); rstd (T)
/// Numbers  float32; the squares are summed in kLanes chains that are then folded: |error| <= (D/kLanes + 12) * 2^-24
/// of
///          y. NaN in gives NaN in its row.
/// Launch   rows over the threads.
/// Cost     4 D operations a row; reads x twice, from the cache the second time.
/// Source   Zhang and Sennrich 2019, arXiv:1910.07467, eq. (4)
void CpuDevice::rms_norm_forward(int32_t T, int32_t D, const float* x, const float* weight, float eps, float* y,
                                 float* rstd) {
  for_ranges(threads_, T, int64_t{T} * D, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* row = x + t * D;
      float* out = y + t * D;
      Vec squares{};
      for_lanes(D, [&](int64_t d, auto lanes) {
        const Vec a = load(row + d, lanes);
        squares = madd(a, a, squares);
      });
      const float scale = 1.0f / __builtin_sqrtf(sum_lanes(squares) / static_cast<float>(D) + eps);
      rstd[t] = scale;
      for_lanes(D, [&](int64_t d, auto lanes) {
        store(out + d, load(row + d, lanes) * scale * load(weight + d, lanes), lanes);
      });
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
