// SPDX-License-Identifier: Apache-2.0
#include "columns.cuh"
#include "grad_tile.cuh"

namespace coppice {
namespace {

constexpr int64_t kChunkSamples = 64;

/// The squares of each sample's weight gradient of a linear layer, added up over samples.
///
///   out[o,i] = sum_b g[b,o,i]^2,   g[b,o,i] = sum_{t in b} delta[t,o] * act[t,i]
///
/// Shapes   offsets (B+1) I32; act (T,I) layer input; delta (T,O) loss gradient at the layer's output; out (O,I).
/// Units    (loss / weight)^2, if act and delta are in the basis of the weight.
/// Numbers  each g is one chain in the order of positions; then the squares of 64 samples in their order, then these
///          sums by columns.cuh: |error| <= (2 n + min(B,64) + B/512 + 48) * 2^-24 * out(|act|,|delta|) for samples of
///          at most n positions. No sample gives 0. Nothing depends on the grid.
/// Launch   a block for each 64 samples and tile of 32 x 32.
/// Cost     T*O*I multiply-adds; 2 T*O*I/32 floats read, and 2 B/64 * O*I of partial sums.
/// Source   the second moment of gradients in a basis of Kronecker form: George et al. 2018, arXiv:1806.03884.
__global__ void square_tiles_kernel(int64_t B, int I, int O, const int32_t* __restrict__ offsets,
                                    const float* __restrict__ act, const float* __restrict__ delta,
                                    float* __restrict__ sums) {
  const unsigned tiles = static_cast<unsigned>(grad_tiles(I, O));
  const int64_t chunk = blockIdx.x / tiles, end = min((chunk + 1) * kChunkSamples, B);
  const GradTile tile(I, O, static_cast<int>(blockIdx.x % tiles));
  float total[kTileElements] = {};
  for (int64_t b = chunk * kChunkSamples; b < end; ++b) {
    float g[kTileElements];
    tile.sum_rows(offsets[b], offsets[b + 1], act, delta, g);
    GPU_UNROLL
    for (int r = 0; r < kTileElements; ++r) total[r] = fmaf(g[r], g[r], total[r]);
  }
  tile.for_inside([&](int r, int64_t at) { sums[chunk * O * I + at] = total[r]; });
}

}  // namespace

void CudaDevice::linear_grad_squares(int32_t B, int32_t I, int32_t O, const int32_t* offsets, const float* act,
                                     const float* delta, float* out) {
  const int64_t size = int64_t{O} * I, chunks = (B + kChunkSamples - 1) / kChunkSamples;
  if (size == 0) return;
  if (chunks == 0) return fill(out, 0.0f, size);
  float* sums = chunks == 1 ? out : scratch(chunks * size + column_scratch(chunks, size, 1));
  COP_LAUNCH(square_tiles_kernel, grad_tile_shape(chunks * grad_tiles(I, O), stream_), B, I, O, offsets, act, delta,
             sums);
  if (chunks > 1) sum_of_rows(chunks, static_cast<int>(size), sums, out, sums + chunks * size, stream_);
}

}  // namespace coppice
