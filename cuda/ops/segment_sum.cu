// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// The weighted sum of each sample's values.
///
///   out[b] = sum_{t in b} weights[t] * values[t]
///
/// Shapes   offsets (B+1) I32; values (T); weights (T) or null for 1; out (B).
/// Numbers  32 chains over every 32nd position and a tree: |error| <= (n/32 + 6) * 2^-24 * sum_t |weights[t] *
///          values[t]| for n positions. A sample without positions gives 0, and depends on no other.
/// Launch   a warp for each sample.
/// Cost     8 T bytes.
/// Source   the definition.
__global__ void segment_sum_kernel(int64_t B, const int32_t* __restrict__ offsets, const float* __restrict__ values,
                                   const float* __restrict__ weights, float* __restrict__ out) {
  const int64_t b = row_of_warp();
  if (b < B) {
    const int64_t end = offsets[b + 1];
    float sum = 0.0f;
    for (int64_t t = offsets[b] + lane_of_thread(); t < end; t += kWarp) {
      sum = weights == nullptr ? sum + values[t] : fmaf(weights[t], values[t], sum);
    }
    sum = warp_sum(sum);
    if (lane_of_thread() == 0) out[b] = sum;
  }
}

}  // namespace

void CudaDevice::segment_sum(int32_t B, const int32_t* offsets, const float* values, const float* weights, float* out) {
  if (B > 0) COP_LAUNCH(segment_sum_kernel, row_shape(B, stream_), B, offsets, values, weights, out);
}

}  // namespace coppice
