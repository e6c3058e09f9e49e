// SPDX-License-Identifier: Apache-2.0
// Rows of an operation, all of them or as many as a number on the device says: see cop_step_use. Grids are made for
// all; kernels read the number, and outputs become 0 beyond it, so that a product over positions may go over all.
#pragma once
#include "launch_shapes.cuh"

namespace coppice {

struct Rows {
  int64_t T;
  const int32_t* counted = nullptr;  // on the device; null: all

  __device__ __forceinline__ int64_t count() const { return counted == nullptr ? T : min(T, int64_t{*counted}); }
};

// Arrays of as many rows; null: none.
template <int kArrays>
struct RowArrays {
  float* data[kArrays];
  int64_t width[kArrays];
};

/// What an operation over samples leaves behind the last of them: x[t,:] = 0 for t >= count.
///
/// Shapes   each array (T,width).
/// Numbers  exact.
/// Launch   elements, of which those before the count have nothing to do.
/// Cost     4 bytes for each element beyond the count.
/// Source   the definition.
template <int kArrays>
__global__ void clear_uncounted_kernel(Rows rows, RowArrays<kArrays> x) {
  for (int a = 0; a < kArrays; ++a) {
    const int64_t N = rows.T * x.width[a];
    for (int64_t i = rows.count() * x.width[a] + first_element(); i < N; i += element_step()) x.data[a][i] = 0.0f;
  }
}

constexpr int64_t kMostClearingThreads = 16384;

template <int kArrays>
void clear_uncounted(const Rows& rows, const RowArrays<kArrays>& x, cudaStream_t stream) {
  int64_t most = 0;
  for (const int64_t width : x.width) most = width > most ? width : most;
  const int64_t threads = rows.T * most < kMostClearingThreads ? rows.T * most : kMostClearingThreads;
  if (threads > 0) COP_LAUNCH(clear_uncounted_kernel<kArrays>, element_shape(threads, stream), rows, x);
}

}  // namespace coppice
