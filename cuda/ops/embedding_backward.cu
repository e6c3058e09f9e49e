// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

constexpr int kPositionLanes = 8;

/// Adds rows of a gradient to the rows of a table they were gathered from.
///
///   dtable[rows[r],:] += sum_{j = segments[r] .. segments[r+1]-1} coef[order[j]] * src[order[j],:]
///
/// Shapes   rows (R) distinct where they have positions, in 0..V-1; segments (R+1); order (K) positions in 0..T-1;
///          coef (T) or null for 1; src (T,D); dtable (V,D).
/// Numbers  8 chains over every 8th j, added in order, then to dtable: |error| <= (n/8 + 10) * 2^-24 * (|dtable| +
///          sum |coef * src|) for a row with n positions.
/// Launch   a block for each row and 32 columns: 8 positions at a time, so that popular rows take less long.
/// Cost     K*D multiply-adds; reads K*D floats at random, reads and writes R*D.
/// Source   the definition.
__global__ void embedding_backward_kernel(int D, const int32_t* __restrict__ rows, const int32_t* __restrict__ segments,
                                          const int32_t* __restrict__ order, const float* __restrict__ coef,
                                          const float* __restrict__ src, float* __restrict__ dtable) {
  GPU_SHARED(float, partial, [kPositionLanes][kWarp]);
  const int tiles = (D + kWarp - 1) / kWarp;
  const int64_t r = blockIdx.x / tiles;
  const int d = static_cast<int>(blockIdx.x % tiles) * kWarp + static_cast<int>(threadIdx.x);
  const int last = segments[r + 1];
  float sum = 0.0f;
  if (d < D) {
    for (int j = segments[r] + static_cast<int>(threadIdx.y); j < last; j += kPositionLanes) {
      const int64_t t = order[j];
      sum = fmaf(coef == nullptr ? 1.0f : coef[t], src[t * D + d], sum);
    }
  }
  partial[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y == 0 && d < D && segments[r] < last) {
    float total = partial[0][threadIdx.x];
    for (int i = 1; i < kPositionLanes; ++i) total += partial[i][threadIdx.x];
    dtable[int64_t{rows[r]} * D + d] += total;
  }
}

}  // namespace

void CudaDevice::embedding_backward(int32_t R, int32_t D, int32_t, const int32_t* rows, const int32_t* segments,
                                    const int32_t* order, const float* coef, const float* src, float* dtable) {
  const int64_t blocks = int64_t{R} * ((D + kWarp - 1) / kWarp);
  if (blocks == 0) return;
  const LaunchShape shape{dim3(static_cast<unsigned>(blocks)), dim3(kWarp, kPositionLanes), 0, stream_};
  COP_LAUNCH(embedding_backward_kernel, shape, D, rows, segments, order, coef, src, dtable);
}

}  // namespace coppice
