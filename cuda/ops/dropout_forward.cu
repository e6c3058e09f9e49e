// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"
#include "philox.cuh"

namespace coppice {
namespace {

/// Dropout with a counter-based mask; the backward pass is the same call on dy.
///
///   y[t,d] = keep(t*D+d) ? x[t,d] / (1-p) : 0
///
/// Shapes   x, y (T,D), y may be x.
/// Numbers  the mask is that of every backend, bit for bit; |error| <= 3 * 2^-24 * |y|. NaN in a dropped element gives
/// 0. Launch   elements. Cost     10 rounds of Philox and 8 bytes an element. Source   Srivastava et al., JMLR 2014;
/// Philox: Salmon et al., SC 2011.
__global__ void dropout_kernel(Rows rows, int64_t D, const float* x, DropoutMask mask, float* y) {
  const int64_t N = rows.T * D, counted = rows.count() * D;
  for (int64_t i = first_element(); i < N; i += element_step()) {
    y[i] = i < counted ? mask.apply(x[i], static_cast<uint32_t>(i)) : 0.0f;
  }
}

}  // namespace

void CudaDevice::dropout_forward(int32_t T, int32_t D, const float* x, float p, int64_t seed, int32_t step,
                                 int32_t site, int64_t first, float* y) {
  const int64_t N = int64_t{T} * D;
  if (N == 0) return;
  COP_LAUNCH(dropout_kernel, element_shape(N, stream_), rows(T), int64_t{D}, x, mask(p, seed, step, site, first), y);
}

}  // namespace coppice
