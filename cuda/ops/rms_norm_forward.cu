// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// Each row divided by its root mean square, times a weight.
///
///   rstd[t] = 1/sqrt(mean_d x[t,d]^2 + eps),  y[t,d] = x[t,d] * rstd[t] * weight[d]
///
/// Shapes   x, y (T,D); weight (D); rstd (T).
/// Numbers  the squares are 32 chains and a tree: |error| <= (D/32 + 14) * 2^-24 of y. A row depends on itself only.
///          NaN in gives NaN in its row.
/// Launch   a warp for each row, which keeps up to 256 values in registers.
/// Cost     4 D operations a row, 8 D bytes: bound by memory.
/// Source   Zhang and Sennrich 2019, arXiv:1910.07467, eq. (4)
template <int kSlots>
__global__ void rms_norm_kernel(int64_t T, int D, const float* __restrict__ x, const float* __restrict__ weight,
                                float eps, float* __restrict__ y, float* __restrict__ rstd) {
  const int64_t t = row_of_warp(), at = t * D;
  if (t < T) {
    const auto row = lane_values<kSlots>(D, [=](int d) { return x[at + d]; });
    float squares = 0.0f;
    for_lane_elements<kSlots>(D, [&](int slot, int d) { squares = fmaf(row.at(slot, d), row.at(slot, d), squares); });
    const float factor = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(D) + eps);
    for_lane_elements<kSlots>(D, [&](int slot, int d) { y[at + d] = row.at(slot, d) * factor * weight[d]; });
    if (lane_of_thread() == 0) rstd[t] = factor;
  }
}

}  // namespace

void CudaDevice::rms_norm_forward(int32_t T, int32_t D, const float* x, const float* weight, float eps, float* y,
                                  float* rstd) {
  if (T > 0) COP_LAUNCH_BY_WIDTH(D, rms_norm_kernel, row_shape(T, stream_), T, D, x, weight, eps, y, rstd);
}

}  // namespace coppice
