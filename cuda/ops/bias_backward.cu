// SPDX-License-Identifier: Apache-2.0
#include "columns.cuh"

namespace coppice {
namespace {

/// The gradient of bias_forward with respect to the bias.
///
///   dbias[d] = sum_t dy[t,d]
///
/// Shapes   dy (T,D); dbias (D). No rows: 0.
/// Numbers  8 chains of 32 rows in each chunk of 256, then the chunks the same way: |error| <= (40 log_256 T + 40) *
///          2^-24 * sum_t |dy[t,d]|.
/// Launch   columns.cuh.
/// Cost     4 T*D bytes: bound by memory.
/// Source   the definition.
struct BiasTerm {
  const float* dy;
  int D;
  __device__ __forceinline__ float operator()(int64_t t, int d, int) const { return dy[t * D + d]; }
};

}  // namespace

void CudaDevice::bias_backward(int32_t T, int32_t D, const float* dy, float* dbias) {
  sum_columns<1>(rows(T), D, BiasTerm{dy, D}, {{dbias}}, scratch(column_scratch(T, D, 1)), stream_);
}

}  // namespace coppice
