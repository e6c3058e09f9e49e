// SPDX-License-Identifier: Apache-2.0
// Sums over rows, column by column: chunks of rows that do not depend on the grid, whose sums are summed the same way
// until one is left.
#pragma once
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {

constexpr int kColumnLanes = 8;        // partial sums of a chunk's column, of every 8th row
constexpr int64_t kColumnChunk = 256;  // rows
constexpr int64_t column_chunks(int64_t T) { return T <= kColumnChunk ? 1 : (T + kColumnChunk - 1) / kColumnChunk; }

// Where each of the sums of a column goes; null: nowhere.
template <int kSums>
struct ColumnTotals {
  float* out[kSums];
};

// out[s][chunk, d] = sum of term(t, d, s) over the rows t of the chunk
template <int kSums, class Term>
__global__ void column_sums_kernel(Rows rows, int D, Term term, ColumnTotals<kSums> totals) {
  GPU_SHARED(float, partial, [kSums][kColumnLanes][kWarp]);
  const int tiles = (D + kWarp - 1) / kWarp;
  const int64_t chunk = blockIdx.x / tiles;
  const int d = static_cast<int>(blockIdx.x % tiles) * kWarp + static_cast<int>(threadIdx.x);
  const int64_t end = min((chunk + 1) * kColumnChunk, rows.count());
  float sum[kSums] = {};
  if (d < D) {
    for (int64_t t = chunk * kColumnChunk + threadIdx.y; t < end; t += kColumnLanes) {
      for (int s = 0; s < kSums; ++s) sum[s] += term(t, d, s);
    }
  }
  for (int s = 0; s < kSums; ++s) partial[s][threadIdx.y][threadIdx.x] = sum[s];
  __syncthreads();
  if (threadIdx.y == 0 && d < D) {
    for (int s = 0; s < kSums; ++s) {
      float total = partial[s][0][threadIdx.x];
      for (int i = 1; i < kColumnLanes; ++i) total += partial[s][i][threadIdx.x];
      if (totals.out[s] != nullptr) totals.out[s][chunk * D + d] = total;
    }
  }
}

// The sums of chunks as the rows of the next step.
template <int kSums>
struct PartialTerm {
  const float* partials[kSums];
  int D;
  __device__ __forceinline__ float operator()(int64_t t, int d, int s) const { return partials[s][t * D + d]; }
};

inline int64_t column_scratch(int64_t T, int64_t D, int sums) {
  int64_t floats = 0;
  for (int64_t chunks = column_chunks(T); chunks > 1; chunks = column_chunks(chunks)) floats += chunks * D * sums;
  return floats;
}

// totals.out[s][d] = sum over the rows t that count of term(t, d, s); `scratch` holds column_scratch floats. No rows:
// 0. A chunk without rows that count sums to 0, and adding that changes nothing: the tree is that of the count,
// whatever T.
template <int kSums, class Term>
void sum_columns(const Rows& rows, int D, Term term, const ColumnTotals<kSums>& totals, float* scratch,
                 cudaStream_t stream) {
  if (D == 0) return;
  const int64_t chunks = column_chunks(rows.T), tiles = (D + kWarp - 1) / kWarp;
  const LaunchShape shape{dim3(static_cast<unsigned>(chunks * tiles)), dim3(kWarp, kColumnLanes), 0, stream};
  if (chunks == 1) {
    COP_LAUNCH((column_sums_kernel<kSums, Term>), shape, rows, D, term, totals);
    return;
  }
  ColumnTotals<kSums> partial;
  PartialTerm<kSums> next;
  next.D = D;
  for (int s = 0; s < kSums; ++s) {
    partial.out[s] = scratch + s * chunks * D;
    next.partials[s] = partial.out[s];
  }
  COP_LAUNCH((column_sums_kernel<kSums, Term>), shape, rows, D, term, partial);
  sum_columns<kSums>(Rows{chunks}, D, next, totals, scratch + kSums * chunks * D, stream);
}

// out[d] = sum over t < T of rows[t, d]
inline void sum_of_rows(int64_t T, int D, const float* rows, float* out, float* scratch, cudaStream_t stream) {
  sum_columns<1>(Rows{T}, D, PartialTerm<1>{{rows}, D}, {{out}}, scratch, stream);
}

}  // namespace coppice
