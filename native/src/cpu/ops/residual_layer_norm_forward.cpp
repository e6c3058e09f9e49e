// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "folds.hpp"
#include "parallel.hpp"
#include "philox.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

struct LayerNorm {
  int64_t D;
  const float *x, *bias, *residual, *gamma, *beta;
  float eps;
  Masks masks;
  float *y, *xhat, *rstd;

  // Rows t .. t+ROWS-1, each as if it were alone; xhat holds s meanwhile.
  template <int ROWS>
  COPPICE_INLINE void rows(int64_t t) const {
    const int64_t at = t * D;
    Vec sum[ROWS] = {}, squares[ROWS] = {};
    for_lanes(D, [&](int64_t d, auto group) {
      for (int r = 0; r < ROWS; ++r) {
        const int64_t i = at + r * D + d;
        Vec s = load(x + i, group);
        if (bias != nullptr) s += load(bias + d, group);
        s = masks.apply(t + r, d, s);
        if (residual != nullptr) s += load(residual + i, group);
        sum[r] += s;
        store(xhat + i, s, group);
      }
    });
    const RowNumbers<ROWS> mean(RowNumbers<ROWS>(sum).lanes / static_cast<float>(D));
    for_lanes(D, [&](int64_t d, auto group) {
      for (int r = 0; r < ROWS; ++r) {
        const Vec centred = only(load(xhat + at + r * D + d, group) - mean.all(r), group);
        squares[r] = madd(centred, centred, squares[r]);
      }
    });
    const Vec variance = RowNumbers<ROWS>(squares).lanes / static_cast<float>(D);
    const RowNumbers<ROWS> scale(1.0f / square_root(variance + eps));
    for (int r = 0; r < ROWS; ++r) rstd[t + r] = scale.at(r);
    for_lanes(D, [&](int64_t d, auto group) {
      const Vec by = load(gamma + d, group), shift = load(beta + d, group);
      for (int r = 0; r < ROWS; ++r) {
        const int64_t i = at + r * D + d;
        const Vec normal = (load(xhat + i, group) - mean.all(r)) * scale.all(r);
        store(xhat + i, normal, group);
        store(y + i, madd(normal, by, shift), group);
      }
    });
  }
};

}  // namespace

/// Normalises each row of a residual sum to mean 0 and variance 1, then scales and shifts it.
///
///   s = dropout(x + bias) + residual;  rstd = 1 / sqrt(mean_d (s - mean_d s)^2 + eps)
///   xhat = (s - mean_d s) * rstd;      y = xhat * gamma + beta
///
/// Shapes   x, residual, y, xhat (T,D); bias, gamma, beta (D); rstd (T). bias, residual may be null.
/// Numbers  the variance from centred values (two passes). |error of xhat| <= (D/2 + 16) * 2^-24 * (1 + |s| * rstd):
///          the longest chain is D/4 additions and the fold. A row is computed in the same order wherever it lies.
/// Cost     about 10 T*D operations and the mask of dropout_forward; 12 to 20 T*D bytes: bound by memory when p = 0.
/// Source   Ba, Kiros & Hinton, arXiv:1607.06450, after a residual sum (post-norm); dropout as dropout_forward.
void CpuDevice::residual_layer_norm_forward(int32_t T, int32_t D, const float* x, const float* bias,
                                            const float* residual, const float* gamma, const float* beta, float eps,
                                            float p, int64_t seed, int32_t step, int32_t site, int64_t first, float* y,
                                            float* xhat, float* rstd) {
  const Masks masks = dropout_masks(T, D, p, seed, step, site, first);
  for_ranges(threads_, T, int64_t{T} * D, [=](int64_t begin, int64_t end) {
    const LayerNorm norm{D, x, bias, residual, gamma, beta, eps, masks, y, xhat, rstd};  // of this thread: in registers
    int64_t t = begin;
    for (; t + 2 <= end; t += 2) norm.rows<2>(t);
    for (; t < end; ++t) norm.rows<1>(t);
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
