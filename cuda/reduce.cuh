// SPDX-License-Identifier: Apache-2.0
// Sums and maxima of a warp and of a block: the same tree for the same size, so the same bits.
#pragma once
#include "gpu.h"

namespace coppice {

__device__ __forceinline__ int lane_of_thread() { return static_cast<int>(threadIdx.x) % kWarp; }

// In every lane; all lanes must call it.
__device__ __forceinline__ float warp_sum(float value) {
  GPU_UNROLL
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) value += __shfl_xor_sync(kAllLanes, value, lanes);
  return value;
}

__device__ __forceinline__ float warp_max(float value) {
  GPU_UNROLL
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) {
    value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, lanes));
  }
  return value;
}

// In every thread of a one-dimensional block of kThreads.
template <int kThreads>
__device__ __forceinline__ float block_sum(float value) {
  GPU_SHARED(float, parts, [kThreads / kWarp]);
  value = warp_sum(value);
  __syncthreads();  // the parts of the sum before may still be read
  if (lane_of_thread() == 0) parts[threadIdx.x / kWarp] = value;
  __syncthreads();
  float sum = parts[0];
  for (int i = 1; i < kThreads / kWarp; ++i) sum += parts[i];
  return sum;
}

template <int kThreads>
__device__ __forceinline__ float block_max(float value) {
  GPU_SHARED(float, parts, [kThreads / kWarp]);
  value = warp_max(value);
  __syncthreads();
  if (lane_of_thread() == 0) parts[threadIdx.x / kWarp] = value;
  __syncthreads();
  float largest = parts[0];
  for (int i = 1; i < kThreads / kWarp; ++i) largest = fmaxf(largest, parts[i]);
  return largest;
}

}  // namespace coppice
