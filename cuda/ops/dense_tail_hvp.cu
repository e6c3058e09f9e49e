// SPDX-License-Identifier: Apache-2.0
#include "columns.cuh"
#include "dense_tail.cuh"
#include "grad_tile.cuh"

namespace coppice {
namespace {

constexpr int64_t kChunkRows = 256;

/// The product of the curvature in the last dense layer's weight with a direction: the tangents of the rows.
///
///   delta_dot[t,:] = M_t V x_t,   then   out = sum_t delta_dot_t x_t^T,   M_t as in coppice.h
///
/// Shapes   as in coppice.h; delta_dot (T,D).
/// Numbers  every row as by the single operations of the tangent: their bounds add up, and neither other rows nor the
///          grid change a bit. The sum over rows is a chain of multiply-adds over 256 rows, then the chunks are added
///          up by columns.cuh.
/// Launch   blocks of 8 warps with 4, 2 or 1 rows each, as many as fit into 48 KiB: 4 up to D = 76. Rows wider than
///          about 310 lie in device memory. For the sum a block for each 256 rows and tile of 32 x 32.
/// Cost     6 T*D*D multiply-adds; 10 T*D*4 bytes read, and each block of rows reads 5 D*D weights, from the cache. A
///          chain of operations instead writes and reads some 20 T*D*4 bytes more.
/// Source   forward-over-reverse: Pearlmutter, Neural Computation 6, 1994.
template <class Layout>
__global__ void tail_tangent_kernel(int64_t T, int D, bool gauss_newton, DenseTail tail, const float* __restrict__ x,
                                    const float* __restrict__ direction, float* __restrict__ delta_dot,
                                    float* __restrict__ memory) {
  GPU_SHARED(float, panel, [kPanelDepth * kPanelRow]);
  const int64_t first = Layout::first_row(blockIdx.x);
  const TailBlock<Layout::kWarpRows> block(tail, D, first, Layout::rows(T, blockIdx.x), Layout::buffers(D, memory),
                                           panel);
  block.for_elements([&](int r, int d) { block.lower(r)[d] = x[(first + r) * D + d]; });
  block.product.template operator()<false>(block.lower, direction,
                                           [&](int r, int o, float value) { block.s_dot(r)[o] = value; });
  block.tangent(gauss_newton, [&](int r, int d, float value) { delta_dot[(first + r) * D + d] = value; });
}

// sums[chunk,o,i] = sum over the chunk's rows of delta_dot[t,o] * x[t,i]
__global__ void tail_outer_kernel(int64_t T, int D, const float* __restrict__ x, const float* __restrict__ delta_dot,
                                  float* __restrict__ sums) {
  const unsigned tiles = static_cast<unsigned>(grad_tiles(D, D));
  const int64_t chunk = blockIdx.x / tiles;
  const GradTile tile(D, D, static_cast<int>(blockIdx.x % tiles));
  float sum[kTileElements];
  tile.sum_rows(chunk * kChunkRows, min((chunk + 1) * kChunkRows, T), x, delta_dot, sum);
  tile.for_inside([&](int r, int64_t at) { sums[chunk * D * D + at] = sum[r]; });
}

}  // namespace

void CudaDevice::dense_tail_hvp(int32_t T, int32_t D, int32_t, int32_t gauss_newton, const DenseTail& tail,
                                const float* x, const float* direction, float* out) {
  const int64_t size = int64_t{D} * D, chunks = (T + kChunkRows - 1) / kChunkRows;
  if (chunks == 0) return fill(out, 0.0f, size);
  const int64_t partial = chunks == 1 ? 0 : chunks * size + column_scratch(chunks, size, 1);
  for_tail_layout(D, [&](auto layout) {
    const int64_t rows = int64_t{T} * D, blocks = layout.blocks(T);
    float* delta_dot = scratch(rows + partial + layout.scratch_floats(blocks, D));
    float* sums = chunks == 1 ? out : delta_dot + rows;
    COP_LAUNCH(tail_tangent_kernel<decltype(layout)>, layout.shape(blocks, D, stream_), T, D, gauss_newton != 0, tail,
               x, direction, delta_dot, delta_dot + rows + partial);
    COP_LAUNCH(tail_outer_kernel, grad_tile_shape(chunks * grad_tiles(D, D), stream_), T, D, x, delta_dot, sums);
    if (chunks > 1) sum_of_rows(chunks, static_cast<int>(size), sums, out, sums + chunks * size, stream_);
  });
}

}  // namespace coppice
