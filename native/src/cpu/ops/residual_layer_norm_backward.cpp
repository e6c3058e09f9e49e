// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "folds.hpp"
#include "parallel.hpp"
#include "philox.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

struct LayerNormGradient {
  int64_t D;
  const float *dy, *xhat, *rstd, *gamma;
  Masks masks;
  float *ds, *dx;

  // Rows t .. t+ROWS-1; `total` (3,D) receives what they add to dgamma, dbeta and dbias, row after row.
  template <int ROWS>
  COPPICE_INLINE void rows(int64_t t, float* total) const {
    const int64_t at = t * D;
    Vec sum[ROWS] = {}, projection[ROWS] = {};
    for_lanes(D, [&](int64_t d, auto group) {
      const Vec by = load(gamma + d, group);
      Vec scale = load(total + d, group), shift = load(total + D + d, group);
      for (int r = 0; r < ROWS; ++r) {
        const Vec gradient = load(dy + at + r * D + d, group), normal = load(xhat + at + r * D + d, group);
        const Vec u = gradient * by;
        sum[r] += u;
        projection[r] = madd(u, normal, projection[r]);
        scale = madd(gradient, normal, scale);
        shift += gradient;
      }
      store(total + d, scale, group);
      store(total + D + d, shift, group);
    });
    const float inverse_width = 1.0f / static_cast<float>(D);
    const RowNumbers<ROWS> mean(RowNumbers<ROWS>(sum).lanes * inverse_width);
    const RowNumbers<ROWS> along(RowNumbers<ROWS>(projection).lanes * -inverse_width);
    for_lanes(D, [&](int64_t d, auto group) {
      const Vec by = load(gamma + d, group);
      Vec bias = load(total + 2 * D + d, group);
      for (int r = 0; r < ROWS; ++r) {
        const int64_t i = at + r * D + d;
        const Vec u = load(dy + i, group) * by;
        const Vec gradient = madd(load(xhat + i, group), along.all(r), u - mean.all(r)) * rstd[t + r];
        store(ds + i, gradient, group);
        const Vec masked = masks.apply(t + r, d, gradient);
        if (dx != nullptr) store(dx + i, masked, group);
        bias += masked;
      }
      store(total + 2 * D + d, bias, group);
    });
  }
};

}  // namespace

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
  const Masks masks = dropout_masks(T, D, p, seed, step, site, first);
  const auto backward = [=](int64_t begin, int64_t end, float* total) {
    const LayerNormGradient norm{D, dy, xhat, rstd, gamma, masks, ds, dx};  // of this thread: in registers
    int64_t t = begin;
    for (; t + 4 <= end; t += 4) norm.rows<4>(t, total);
    for (; t < end; ++t) norm.rows<1>(t, total);
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
