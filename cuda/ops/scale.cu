// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// Multiplies an array by a number, in place.
///
///   x[i] *= alpha
///
/// Shapes   x (N).
/// Numbers  one rounding. NaN gives NaN.
/// Launch   elements.
/// Cost     8 N bytes: bound by memory.
/// Source   the definition.
__global__ void scale_kernel(int64_t N, float alpha, float* __restrict__ x) {
  for (int64_t i = first_element(); i < N; i += element_step()) x[i] *= alpha;
}

}  // namespace

void CudaDevice::scale(int64_t N, float alpha, float* x) {
  if (N > 0) COP_LAUNCH(scale_kernel, element_shape(N, stream_), N, alpha, x);
}

}  // namespace coppice
