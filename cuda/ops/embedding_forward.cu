// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "half.cuh"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// Gathers rows of a table.
///
///   out[t,:] = table[ids[t],:], or += when accumulate
///
/// Shapes   ids (T) I32 in 0..V-1; table (V,D) F32, BF16 or F16; out (T,D).
/// Numbers  exact, or one rounding of the sum.
/// Launch   tiles of 8 rows.
/// Cost     T rows of the table at random, 4 T*D bytes written: bound by memory.
/// Source   the definition.
template <class Source>
__global__ void embedding_kernel(Rows rows, int D, const int32_t* __restrict__ ids, Source table, bool accumulate,
                                 float* __restrict__ out) {
  const int64_t t = row_of_tile();
  if (t >= rows.T) return;
  const bool counts = t < rows.count();
  const int64_t row = counts ? int64_t{ids[t]} * D : 0;
  for (int d = static_cast<int>(threadIdx.x); d < D; d += kWarp) {
    const float value = counts ? table.at(row + d) : 0.0f;
    out[t * D + d] = accumulate && counts ? out[t * D + d] + value : value;
  }
}

}  // namespace

void CudaDevice::embedding_forward(int32_t T, int32_t D, int32_t, const int32_t* ids, const void* table,
                                   int32_t table_dtype, int32_t accumulate, float* out) {
  if (T == 0) return;
  for_dtype(table, table_dtype, [&](auto source) {
    COP_LAUNCH(embedding_kernel<decltype(source)>, tile_shape(T, stream_), rows(T), D, ids, source, accumulate != 0,
               out);
  });
}

}  // namespace coppice
