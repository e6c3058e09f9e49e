// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

struct BceGradients {
  const float *dpos, *dneg, *table;
  const int32_t *positives, *negatives;
};

/// From the logits of the positive and the negative item back to the hidden state.
///
///   dh[t,:] = dpos[t] * table[positives[t],:] + dneg[t] * table[negatives[t],:]
///
/// Shapes   dpos, dneg (T); table (V,D); positives, negatives (T) I32 in 0..V-1; dh (T,D).
/// Numbers  |error| <= 2 * 2^-24 * (|dpos * table| + |dneg * table|); a position's result depends on no other.
/// Launch   a warp for each position.
/// Cost     2 T*D multiply-adds, two rows of the table at random for each position: bound by memory.
/// Source   the chain rule; the last line of sampled_bce_forward for given dpos and dneg.
__global__ void sampled_bce_backward_kernel(int64_t T, int D, BceGradients in, float* __restrict__ dh) {
  const int64_t t = row_of_warp();
  if (t < T) {
    const float* positive = in.table + int64_t{in.positives[t]} * D;
    const float* negative = in.table + int64_t{in.negatives[t]} * D;
    const float at_p = in.dpos[t], at_n = in.dneg[t];
    for (int d = lane_of_thread(); d < D; d += kWarp) dh[t * D + d] = fmaf(at_p, positive[d], at_n * negative[d]);
  }
}

}  // namespace

void CudaDevice::sampled_bce_backward(int32_t T, int32_t D, int32_t, const float* dpos, const float* dneg,
                                      const float* table, const int32_t* positives, const int32_t* negatives,
                                      float* dh) {
  if (T == 0) return;
  const BceGradients in{dpos, dneg, table, positives, negatives};
  COP_LAUNCH(sampled_bce_backward_kernel, row_shape(T, stream_), T, D, in, dh);
}

}  // namespace coppice
