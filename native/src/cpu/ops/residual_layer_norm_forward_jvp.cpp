// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The tangent of residual_layer_norm_forward, without dropout.
///
///   along = mean_d(xhat * s_dot);  xhat_dot = rstd * (s_dot - mean_d(s_dot) - xhat * along)
///   rstd_dot = -rstd^2 * along;    y_dot = xhat_dot * gamma + xhat * gamma_dot + beta_dot
///
/// Shapes   s_dot, xhat, y_dot, xhat_dot (T,D); rstd, rstd_dot (T); gamma, gamma_dot, beta_dot (D), the last two or
/// null. Numbers  |error of xhat_dot| <= (D/4 + 10) * 2^-24 * rstd * (|s_dot| + mean|s_dot| + |xhat| * mean|xhat
/// s_dot|). Cost     about 10 T*D operations, 16 T*D bytes: bound by memory. Source   the product rule; Pearlmutter,
/// Neural Computation 1994.
void CpuDevice::residual_layer_norm_forward_jvp(int32_t T, int32_t D, const float* s_dot, const float* xhat,
                                                const float* rstd, const float* gamma, const float* gamma_dot,
                                                const float* beta_dot, float* y_dot, float* xhat_dot, float* rstd_dot) {
  const float inverse_width = 1.0f / static_cast<float>(D);
  for_ranges(threads_, T, int64_t{T} * D, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t at = t * D;
      Vec sum = {}, projection = {};
      for_lanes(D, [&](int64_t d, auto group) {
        const Vec tangent = load(s_dot + at + d, group);
        sum += tangent;
        projection = madd(tangent, load(xhat + at + d, group), projection);
      });
      const float mean = sum_lanes(sum) * inverse_width, along = sum_lanes(projection) * inverse_width;
      const float scale = rstd[t];
      rstd_dot[t] = -scale * scale * along;
      for_lanes(D, [=](int64_t d, auto group) {
        const Vec normal = load(xhat + at + d, group);
        const Vec tangent = madd(normal, splat(-along), load(s_dot + at + d, group) - mean) * scale;
        store(xhat_dot + at + d, tangent, group);
        Vec out = tangent * load(gamma + d, group);
        if (gamma_dot != nullptr) out = madd(normal, load(gamma_dot + d, group), out);
        if (beta_dot != nullptr) out += load(beta_dot + d, group);
        store(y_dot + at + d, out, group);
      });
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
