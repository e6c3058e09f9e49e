// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// The gradient of rms_norm_forward with respect to x.
///
///   u = dy * weight;  dx[t,d] (+)= rstd[t] * (u[d] - x[t,d] * rstd[t]^2 * mean(u * x))
///
/// Shapes   dy, x, dx (T,D); weight (D); rstd (T).
/// Numbers  the mean is 32 chains and a tree: |error| <= (D/32 + 16) * 2^-24 * dx(|inputs|), with + for -. A row
///          depends on itself only. NaN in gives NaN in its row.
/// Launch   a warp for each row, which keeps up to 256 values of each input in registers.
/// Cost     8 D operations a row, 12 D bytes: bound by memory.
/// Source   the derivative of Zhang and Sennrich 2019, arXiv:1910.07467, eq. (4)
template <int kSlots>
__global__ void rms_norm_backward_kernel(int64_t T, int D, const float* __restrict__ dy, const float* __restrict__ x,
                                         const float* __restrict__ rstd, const float* __restrict__ weight,
                                         bool accumulate, float* __restrict__ dx) {
  const int64_t t = row_of_warp(), at = t * D;
  if (t < T) {
    const auto u = lane_values<kSlots>(D, [=](int d) { return dy[at + d] * weight[d]; });
    const auto row = lane_values<kSlots>(D, [=](int d) { return x[at + d]; });
    float products = 0.0f;
    for_lane_elements<kSlots>(D, [&](int slot, int d) { products = fmaf(u.at(slot, d), row.at(slot, d), products); });
    const float factor = rstd[t];
    const float slope = factor * factor * (warp_sum(products) / static_cast<float>(D));
    for_lane_elements<kSlots>(D, [&](int slot, int d) {
      const float change = factor * fmaf(row.at(slot, d), -slope, u.at(slot, d));
      dx[at + d] = accumulate ? dx[at + d] + change : change;
    });
  }
}

}  // namespace

void CudaDevice::rms_norm_backward(int32_t T, int32_t D, const float* dy, const float* x, const float* rstd,
                                   const float* weight, int32_t accumulate, float* dx) {
  if (T == 0) return;
  COP_LAUNCH_BY_WIDTH(D, rms_norm_backward_kernel, row_shape(T, stream_), T, D, dy, x, rstd, weight, accumulate != 0,
                      dx);
}

}  // namespace coppice
