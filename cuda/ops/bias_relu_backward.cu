// SPDX-License-Identifier: Apache-2.0
#include "columns.cuh"

namespace coppice {
namespace {

/// The gradient of bias_relu_forward with respect to x and the bias.
///
///   dx[t,d] = y[t,d] > 0 ? dy[t,d] : 0,   dbias[d] = sum_t dx[t,d]
///
/// Shapes   dy, y, dx (T,D), dx may be dy; dbias (D) or null.
/// Numbers  dx exact; dbias as bias_backward.
/// Launch   tiles of 8 rows; then columns.cuh over dx.
/// Cost     12 T*D bytes, and 4 T*D for dbias: bound by memory.
/// Source   the definition; the derivative at 0 is 0.
__global__ void bias_relu_backward_kernel(Rows rows, int D, const float* dy, const float* y, float* dx) {
  const int64_t t = row_of_tile();
  if (t >= rows.T) return;
  const bool counts = t < rows.count();
  for (int d = static_cast<int>(threadIdx.x); d < D; d += kWarp) {
    dx[t * D + d] = counts && y[t * D + d] > 0.0f ? dy[t * D + d] : 0.0f;
  }
}

struct GradientTerm {
  const float* dx;
  int D;
  __device__ __forceinline__ float operator()(int64_t t, int d, int) const { return dx[t * D + d]; }
};

}  // namespace

void CudaDevice::bias_relu_backward(int32_t T, int32_t D, const float* dy, const float* y, float* dx, float* dbias) {
  if (T > 0) COP_LAUNCH(bias_relu_backward_kernel, tile_shape(T, stream_), rows(T), D, dy, y, dx);
  if (dbias == nullptr) return;
  sum_columns<1>(rows(T), D, GradientTerm{dx, D}, {{dbias}}, scratch(column_scratch(T, D, 1)), stream_);
}

}  // namespace coppice
