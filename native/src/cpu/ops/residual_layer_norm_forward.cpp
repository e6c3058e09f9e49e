// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "philox.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Normalises each row of a residual sum to mean 0 and variance 1, then scales and shifts it.
///
///   s = dropout(x + bias) + residual;  rstd = 1 / sqrt(mean_d (s - mean_d s)^2 + eps)
///   xhat = (s - mean_d s) * rstd;      y = xhat * gamma + beta
///
/// Shapes   x, residual, y, xhat (T,D); bias, gamma, beta (D); rstd (T). bias, residual may be null.
/// Numbers  the variance from centred values (two passes). |error of xhat| <= (D/2 + 16) * 2^-24 * (1 + |s| * rstd):
/// the
///          longest chain is D/4 additions and the fold. A row is computed in the same order wherever it lies.
/// Cost     about 10 T*D operations and the words of dropout_forward; 12 to 20 T*D bytes: bound by memory when p = 0.
/// Source   Ba, Kiros & Hinton, arXiv:1607.06450, after a residual sum (post-norm); dropout as dropout_forward.
void CpuDevice::residual_layer_norm_forward(int32_t T, int32_t D, const float* x, const float* bias,
                                            const float* residual, const float* gamma, const float* beta, float eps,
                                            float p, int64_t seed, int32_t step, int32_t site, int64_t first, float* y,
                                            float* xhat, float* rstd) {
  const Dropout drop = dropout_of(p, seed, step, site, first);
  const bool dropping = p != 0.0f;
  for_ranges(threads_, T, int64_t{T} * D, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = xhat + t * D;  // holds s, then s - mean, then xhat
      Vec sum = {};
      for_lanes(D, [&](int64_t d, auto group) {
        Vec s = load(x + t * D + d, group);
        if (bias != nullptr) s += load(bias + d, group);
        if (dropping) s = drop_lanes(drop, static_cast<uint32_t>(t * D + d), s);
        if (residual != nullptr) s += load(residual + t * D + d, group);
        sum += s;
        store(row + d, s, group);
      });
      const float mean = sum_lanes(sum) / static_cast<float>(D);
      Vec squares = {};
      for_lanes(D, [&](int64_t d, auto group) {
        const Vec centred = only(load(row + d, group) - mean, group);
        squares = madd(centred, centred, squares);
        store(row + d, centred, group);
      });
      const float scale = 1.0f / __builtin_sqrtf(sum_lanes(squares) / static_cast<float>(D) + eps);
      rstd[t] = scale;
      for_lanes(D, [=](int64_t d, auto group) {
        const Vec normal = load(row + d, group) * scale;
        store(row + d, normal, group);
        store(y + t * D + d, madd(normal, load(gamma + d, group), load(beta + d, group)), group);
      });
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
