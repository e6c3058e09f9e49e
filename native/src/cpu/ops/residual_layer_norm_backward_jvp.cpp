// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The tangent of residual_layer_norm_backward, without dropout.
///
///   u = dy * gamma;                a = mean_d(u);          b = mean_d(u * xhat)
///   u_dot = dy_dot * gamma + dy * gamma_dot;  a_dot = mean_d(u_dot);  b_dot = mean_d(u_dot * xhat + u * xhat_dot)
///   ds_dot = rstd_dot * (u - a - xhat * b) + rstd * (u_dot - a_dot - xhat_dot * b - xhat * b_dot)
///   dgamma_dot = sum_t dy_dot * xhat + dy * xhat_dot;      dbeta_dot = sum_t dy_dot
///
/// Shapes   dy, dy_dot, xhat, xhat_dot, ds_dot (T,D); rstd, rstd_dot (T); gamma, gamma_dot, dgamma_dot, dbeta_dot (D),
///          the last three each or null.
/// Numbers  |error of ds_dot| <= (D/2 + 20) * 2^-24 of the same formula on absolute values with its minus signs turned;
///          the sums over t in chunks of 256 rows as bias_backward.
/// Cost     about 25 T*D operations, 20 T*D bytes.
/// Source   the product rule; Pearlmutter, Neural Computation 1994.
void CpuDevice::residual_layer_norm_backward_jvp(int32_t T, int32_t D, const float* dy, const float* dy_dot,
                                                 const float* xhat, const float* xhat_dot, const float* rstd,
                                                 const float* rstd_dot, const float* gamma, const float* gamma_dot,
                                                 float* ds_dot, float* dgamma_dot, float* dbeta_dot) {
  const float inverse_width = 1.0f / static_cast<float>(D);
  const auto tangent_of_u = [=](int64_t at, int64_t d, auto group) -> Vec {
    const Vec tangent = load(dy_dot + at + d, group) * load(gamma + d, group);
    return gamma_dot == nullptr ? tangent : madd(load(dy + at + d, group), load(gamma_dot + d, group), tangent);
  };
  const auto backward = [=](int64_t begin, int64_t end, float* total) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t at = t * D;
      Vec sum = {}, sum_dot = {}, projection = {}, projection_dot = {};
      for_lanes(D, [&](int64_t d, auto group) {
        const Vec gradient = load(dy + at + d, group), gradient_dot = load(dy_dot + at + d, group);
        const Vec normal = load(xhat + at + d, group), normal_dot = load(xhat_dot + at + d, group);
        const Vec u = gradient * load(gamma + d, group), u_dot = tangent_of_u(at, d, group);
        sum += u;
        sum_dot += u_dot;
        projection = madd(u, normal, projection);
        projection_dot = madd(u_dot, normal, madd(u, normal_dot, projection_dot));
        float* scale = total + d;
        float* shift = total + D + d;
        store(scale, madd(gradient_dot, normal, madd(gradient, normal_dot, load(scale, group))), group);
        store(shift, load(shift, group) + gradient_dot, group);
      });
      const float a = sum_lanes(sum) * inverse_width, a_dot = sum_lanes(sum_dot) * inverse_width;
      const float b = sum_lanes(projection) * inverse_width, b_dot = sum_lanes(projection_dot) * inverse_width;
      const Vec scale = splat(rstd[t]);
      const float scale_dot = rstd_dot[t];
      for_lanes(D, [=](int64_t d, auto group) {
        const Vec normal = load(xhat + at + d, group), normal_dot = load(xhat_dot + at + d, group);
        const Vec u = load(dy + at + d, group) * load(gamma + d, group);
        const Vec value = madd(normal, splat(-b), u - a);
        const Vec tangent =
            madd(normal, splat(-b_dot), madd(normal_dot, splat(-b), tangent_of_u(at, d, group) - a_dot));
        store(ds_dot + at + d, madd(scale, tangent, value * scale_dot), group);
      });
    }
  };
  const int64_t width = 2 * int64_t{D};
  float* partials = static_cast<float*>(scratch((chunks_of(T) + 1) * width * int64_t{sizeof(float)}));
  float* total = partials + chunks_of(T) * width;
  sum_chunks(threads_, T, width, int64_t{T} * D, partials, total, backward);
  const int64_t bytes = D * int64_t{sizeof(float)};
  if (dgamma_dot != nullptr) copy(dgamma_dot, total, bytes);
  if (dbeta_dot != nullptr) copy(dbeta_dot, total + D, bytes);
}

}  // namespace COPPICE_ISA
}  // namespace coppice
