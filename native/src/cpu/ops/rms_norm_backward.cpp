// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The gradient of rms_norm_forward with respect to x.
///
///   u = dy * weight;  dx[t,d] (+)= rstd[t] * (u[d] - x[t,d] * rstd[t]^2 * mean(u * x))
///
/// Shapes   dy, x, dx (T,D); weight (D); rstd (T)
/// Numbers  float32; the mean is summed in kLanes chains that are then folded: |error| <= (D/kLanes + 14) * 2^-24 *
///          dx(|inputs|), with + for -. NaN in gives NaN in its row.
/// Launch   rows over the threads.
/// Cost     8 D operations a row.
/// Source   the derivative of Zhang and Sennrich 2019, arXiv:1910.07467, eq. (4)
void CpuDevice::rms_norm_backward(int32_t T, int32_t D, const float* dy, const float* x, const float* rstd,
                                  const float* weight, int32_t accumulate, float* dx) {
  for_ranges(threads_, T, int64_t{T} * D, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float *dy_row = dy + t * D, *row = x + t * D;
      float* out = dx + t * D;
      Vec products{};
      for_lanes(D, [&](int64_t d, auto lanes) {
        products = madd(load(dy_row + d, lanes) * load(weight + d, lanes), load(row + d, lanes), products);
      });
      const float scale = rstd[t];
      const float slope = scale * scale * (sum_lanes(products) / static_cast<float>(D));
      for_lanes(D, [&](int64_t d, auto lanes) {
        const Vec u = load(dy_row + d, lanes) * load(weight + d, lanes);
        const Vec change = scale * madd(load(row + d, lanes), splat(-slope), u);
        store(out + d, accumulate != 0 ? load(out + d, lanes) + change : change, lanes);
      });
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
