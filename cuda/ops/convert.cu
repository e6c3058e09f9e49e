// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "half.cuh"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// Converts an array to float32.
///
///   dst[i] = float(src[i])
///
/// Shapes   src (N) F32, BF16 or F16; dst (N).
/// Numbers  exact, infinities and subnormals included; NaN stays NaN.
/// Launch   elements.
/// Cost     6 N bytes (8 N from F32): bound by memory.
/// Source   IEEE 754 binary16; bfloat16 is the upper half of binary32.
template <class Source>
__global__ void convert_kernel(int64_t N, Source src, float* __restrict__ dst) {
  for (int64_t i = first_element(); i < N; i += element_step()) dst[i] = src.at(i);
}

}  // namespace

void CudaDevice::convert(int64_t N, const void* src, int32_t src_dtype, float* dst) {
  if (N == 0) return;
  for_dtype(src, src_dtype, [&](auto source) {
    COP_LAUNCH(convert_kernel<decltype(source)>, element_shape(N, stream_), N, source, dst);
  });
}

}  // namespace coppice
