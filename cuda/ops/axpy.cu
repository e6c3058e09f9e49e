// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// Adds a multiple of one array to another.
///
///   y[i] += alpha * x[i]
///
/// Shapes   x, y (N).
/// Numbers  one fused rounding: |error| <= 2^-24 * |y|.
/// Launch   elements.
/// Cost     12 N bytes: bound by memory.
/// Source   the definition.
__global__ void axpy_kernel(int64_t N, float alpha, const float* __restrict__ x, float* __restrict__ y) {
  for (int64_t i = first_element(); i < N; i += element_step()) y[i] = fmaf(alpha, x[i], y[i]);
}

}  // namespace

void CudaDevice::axpy(int64_t N, float alpha, const float* x, float* y) {
  if (N > 0) COP_LAUNCH(axpy_kernel, element_shape(N, stream_), N, alpha, x, y);
}

}  // namespace coppice
