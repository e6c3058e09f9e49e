// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "half.cuh"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// Rounds an array to BF16.
///
///   dst[i] = src[i] to the nearest number of 8 significant bits, ties to even
///
/// Shapes   src (N); dst (N) BF16.
/// Numbers  infinities stay; what is nearer to 2^128 than to the largest becomes infinite; NaN stays NaN, quiet.
/// Launch   elements.
/// Cost     6 N bytes: bound by memory.
/// Source   IEEE 754 section 4.3.1; bfloat16 is the upper half of binary32.
__global__ void round_bf16_kernel(int64_t N, const float* __restrict__ src, uint16_t* __restrict__ dst) {
  for (int64_t i = first_element(); i < N; i += element_step()) dst[i] = bf16_of_float(src[i]);
}

}  // namespace

void CudaDevice::round_bf16(int64_t N, const float* src, uint16_t* dst) {
  if (N == 0) return;
  COP_LAUNCH(round_bf16_kernel, element_shape(N, stream_), N, src, dst);
}

}  // namespace coppice
