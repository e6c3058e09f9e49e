// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// The inner product of each sample's rows.
///
///   out[b] = sum_{t in b} x[t,:].y[t,:]
///
/// Shapes   offsets (B+1) I32; x, y (T,D); out (B).
/// Numbers  32 chains over every 32nd element and a tree: |error| <= (n*D/32 + 6) * 2^-24 * sum |x * y| for n
///          positions. A sample without positions gives 0, and depends on no other.
/// Launch   a warp for each sample.
/// Cost     T*D multiply-adds, 8 T*D bytes: bound by memory.
/// Source   the definition.
__global__ void segment_dot_kernel(int64_t B, int D, const int32_t* __restrict__ offsets, const float* __restrict__ x,
                                   const float* __restrict__ y, float* __restrict__ out) {
  const int64_t b = row_of_warp();
  if (b < B) {
    const int64_t end = int64_t{offsets[b + 1]} * D;
    float sum = 0.0f;
    for (int64_t i = int64_t{offsets[b]} * D + lane_of_thread(); i < end; i += kWarp) sum = fmaf(x[i], y[i], sum);
    sum = warp_sum(sum);
    if (lane_of_thread() == 0) out[b] = sum;
  }
}

}  // namespace

void CudaDevice::segment_dot(int32_t B, int32_t D, const int32_t* offsets, const float* x, const float* y, float* out) {
  if (B > 0) COP_LAUNCH(segment_dot_kernel, row_shape(B, stream_), B, D, offsets, x, y, out);
}

}  // namespace coppice
