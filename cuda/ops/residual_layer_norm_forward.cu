// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"
#include "philox.cuh"

namespace coppice {
namespace {

/// The normalised sum of a residual and a dropped-out branch.
///
///   s = dropout(x + bias) + residual;  rstd = 1/sqrt(var_d(s) + eps);  xhat = (s - mean_d(s)) * rstd;
///   y = xhat * gamma + beta
///
/// Shapes   x, residual, y, xhat (T,D); bias, gamma, beta (D); rstd (T); bias and residual may be null.
/// Numbers  two passes, the second over squared deviations; sums are 32 chains and a tree: |error of xhat| <= (D/32 +
///          12) * 2^-24 * rstd * (|s| + mean|s|). A row depends on itself only. NaN in gives NaN in its row.
/// Launch   a warp for each row, which keeps up to 256 values in registers.
/// Cost     about 10 operations and 16 bytes an element, and the words of the mask: bound by memory.
/// Source   Ba, Kiros and Hinton 2016, arXiv:1607.06450.
template <int kSlots>
__global__ void layer_norm_kernel(Rows rows, int D, const float* __restrict__ x, const float* __restrict__ bias,
                                  const float* __restrict__ residual, const float* __restrict__ gamma,
                                  const float* __restrict__ beta, float eps, DropoutMask mask, float* __restrict__ y,
                                  float* __restrict__ xhat, float* __restrict__ rstd) {
  const int64_t t = row_of_warp(), at = t * D;
  if (t < rows.count()) {
    const auto s = lane_values<kSlots>(D, [=](int d) {
      const float branch = mask.apply(x[at + d] + (bias == nullptr ? 0.0f : bias[d]), static_cast<uint32_t>(at + d));
      return residual == nullptr ? branch : branch + residual[at + d];
    });
    float sum = 0.0f;
    for_lane_elements<kSlots>(D, [&](int slot, int d) { sum += s.at(slot, d); });
    const float mean = warp_sum(sum) / static_cast<float>(D);
    float squares = 0.0f;
    for_lane_elements<kSlots>(D, [&](int slot, int d) {
      const float deviation = s.at(slot, d) - mean;
      squares = fmaf(deviation, deviation, squares);
    });
    const float factor = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(D) + eps);
    for_lane_elements<kSlots>(D, [&](int slot, int d) {
      const float normal = (s.at(slot, d) - mean) * factor;
      xhat[at + d] = normal;
      y[at + d] = fmaf(normal, gamma[d], beta[d]);
    });
    if (lane_of_thread() == 0) rstd[t] = factor;
  } else if (t < rows.T) {
    for (int d = lane_of_thread(); d < D; d += kWarp) y[at + d] = xhat[at + d] = 0.0f;
    if (lane_of_thread() == 0) rstd[t] = 0.0f;
  }
}

}  // namespace

void CudaDevice::residual_layer_norm_forward(int32_t T, int32_t D, const float* x, const float* bias,
                                             const float* residual, const float* gamma, const float* beta, float eps,
                                             float p, int64_t seed, int32_t step, int32_t site, int64_t first, float* y,
                                             float* xhat, float* rstd) {
  if (T == 0) return;
  COP_LAUNCH_BY_WIDTH(D, layer_norm_kernel, row_shape(T, stream_), rows(T), D, x, bias, residual, gamma, beta, eps,
                      mask(p, seed, step, site, first), y, xhat, rstd);
}

}  // namespace coppice
