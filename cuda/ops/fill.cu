// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// dst[i] = value.
///
/// Shapes   dst (N).
/// Numbers  exact.
/// Launch   elements.
/// Cost     4 N bytes: bound by memory.
/// Source   the definition.
__global__ void fill_kernel(int64_t N, float value, float* __restrict__ dst) {
  for (int64_t i = first_element(); i < N; i += element_step()) dst[i] = value;
}

}  // namespace

void CudaDevice::fill(float* dst, float value, int64_t count) {
  if (count > 0) COP_LAUNCH(fill_kernel, element_shape(count, stream_), count, value, dst);
}

}  // namespace coppice
