// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "philox.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The gradient of residual_layer_norm_forward.
///
///   u = dy * gamma;  ds = rstd * (u - mean_d(u) - xhat * mean_d(u * xhat));  dx = dropout mask of ds
///   dgamma = sum_t dy * xhat;  dbeta = sum_t dy;  dbias = sum_t dx
///
/// Shapes   dy, xhat, ds, dx (T,D), ds may be dy; rstd (T); gamma, dgamma, dbeta, dbias (D), the last three each or
///          null; dx may be null when p = 0: then dbias sums ds.
/// Numbers  |error of ds| <= (D/4 + 10) * 2^-24 * rstd * (|u| + mean|u| + |xhat| * mean|u xhat|); the sums over t in
///          chunks of 256 rows as bias_backward, one multiplication more for dgamma.
/// Cost     about 12 T*D operations and the words of dropout_forward; 12 to 16 T*D bytes.
/// Source   the chain rule; see Xu et al., arXiv:1911.07013, for the two means.
void CpuDevice::residual_layer_norm_backward(int32_t T, int32_t D, const float* dy, const float* xhat,
                                             const float* rstd, const float* gamma, float p, int64_t seed, int32_t step,
                                             int32_t site, int64_t first, float* ds, float* dx, float* dgamma,
                                             float* dbeta, float* dbias) {
  const Dropout drop = dropout_of(p, seed, step, site, first);
  const bool dropping = p != 0.0f;
  const float inverse_width = 1.0f / static_cast<float>(D);
  const auto backward = [=](int64_t begin, int64_t end, float* total) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t at = t * D;
      Vec sum = {}, projection = {};
      for_lanes(D, [&](int64_t d, auto group) {
        const Vec gradient = load(dy + at + d, group), normal = load(xhat + at + d, group);
        const Vec u = gradient * load(gamma + d, group);
        sum += u;
        projection = madd(u, normal, projection);
        float* scale = total + d;
        float* shift = total + D + d;
        store(scale, madd(gradient, normal, load(scale, group)), group);
        store(shift, load(shift, group) + gradient, group);
      });
      const float mean = sum_lanes(sum) * inverse_width, along = sum_lanes(projection) * inverse_width;
      const float factor = rstd[t];
      for_lanes(D, [=](int64_t d, auto group) {
        const Vec u = load(dy + at + d, group) * load(gamma + d, group);
        const Vec gradient = madd(load(xhat + at + d, group), splat(-along), u - mean) * factor;
        store(ds + at + d, gradient, group);
        const Vec masked = dropping ? drop_lanes(drop, static_cast<uint32_t>(at + d), gradient) : gradient;
        if (dx != nullptr) store(dx + at + d, masked, group);
        float* bias = total + 2 * D + d;
        store(bias, load(bias, group) + masked, group);
      });
    }
  };
  const int64_t width = 3 * int64_t{D};
  float* partials = static_cast<float*>(scratch((chunks_of(T) + 1) * width * int64_t{sizeof(float)}));
  float* total = partials + chunks_of(T) * width;
  sum_chunks(threads_, T, width, int64_t{T} * D, partials, total, backward);
  const int64_t bytes = D * int64_t{sizeof(float)};
  if (dgamma != nullptr) copy(dgamma, total, bytes);
  if (dbeta != nullptr) copy(dbeta, total + D, bytes);
  if (dbias != nullptr) copy(dbias, total + 2 * D, bytes);
}

}  // namespace COPPICE_ISA
}  // namespace coppice
