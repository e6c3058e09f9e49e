// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

constexpr int kSide = 32;       // of a tile of the gradient
constexpr int kThreadRows = 8;  // threads of y: each has 4 elements of a tile's column
constexpr int kPerThread = kSide / kThreadRows;
constexpr int kDepth = 16;  // positions in shared memory at a time

/// The squared norm of each sample's weight gradient of a linear layer; the gradient is never stored.
///
///   out[b] = sum_{o,i} g[b,o,i]^2,   g[b,o,i] = sum_{t in b} delta[t,o] * act[t,i]
///
/// Shapes   offsets (B+1) I32; act (T,I) layer input; delta (T,O) loss gradient at the layer's output; out (B).
/// Units    (loss / weight)^2; the caller takes the root.
/// Numbers  each g is one chain in the order of positions; then the squares of a tile, then the tiles by
///          tile_sums_kernel: |error| <= (2 n + O*I/32768 + 24) * 2^-24 * out(|act|,|delta|) for n positions. A sample
///          without positions gives 0. NaN in gives NaN out. Nothing depends on the grid or on other samples.
/// Launch   a block for each sample and tile of 32 x 32, so that one large sample still fills the device.
/// Cost     T*O*I multiply-adds; 2 T*O*I/32 floats read. The ghost norm needs n^2*(O+I)/2 a sample and cancels.
/// Source   the definition; ghost norm: Goodfellow, arXiv:1510.01799; choice between them: arXiv:2205.10683.
__global__ void grad_tiles_kernel(int I, int O, const int32_t* __restrict__ offsets, const float* __restrict__ act,
                                  const float* __restrict__ delta, float* __restrict__ squares) {
  GPU_SHARED(float, inputs, [kDepth][kSide]);
  GPU_SHARED(float, outputs, [kDepth][kSide]);
  const int columns = (I + kSide - 1) / kSide;
  const int tiles = columns * ((O + kSide - 1) / kSide);
  const int64_t b = blockIdx.x / tiles;
  const int tile = static_cast<int>(blockIdx.x % tiles);
  const int first_i = tile % columns * kSide, first_o = tile / columns * kSide;
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int64_t begin = offsets[b], end = offsets[b + 1];
  float g[kPerThread] = {};
  for (int64_t start = begin; start < end; start += kDepth) {
    const int depth = static_cast<int>(min(int64_t{kDepth}, end - start));
    __syncthreads();  // the positions before are done with
    for (int j = y; j < depth; j += kThreadRows) {
      inputs[j][x] = first_i + x < I ? act[(start + j) * I + first_i + x] : 0.0f;
      outputs[j][x] = first_o + x < O ? delta[(start + j) * O + first_o + x] : 0.0f;
    }
    __syncthreads();
    for (int j = 0; j < depth; ++j) {
      const float in = inputs[j][x];
      GPU_UNROLL
      for (int r = 0; r < kPerThread; ++r) g[r] = fmaf(outputs[j][y + r * kThreadRows], in, g[r]);
    }
  }
  float sum = 0.0f;
  GPU_UNROLL
  for (int r = 0; r < kPerThread; ++r) {
    // Beyond the matrix a NaN of its last rows and columns would meet the zeros that fill the tile.
    const bool inside = first_i + x < I && first_o + y + r * kThreadRows < O;
    sum = inside ? fmaf(g[r], g[r], sum) : sum;
  }
  GPU_SHARED(float, parts, [kThreadRows]);
  sum = warp_sum(sum);
  if (x == 0) parts[y] = sum;
  __syncthreads();
  if (x == 0 && y == 0) {
    float total = parts[0];
    for (int r = 1; r < kThreadRows; ++r) total += parts[r];
    squares[blockIdx.x] = total;
  }
}

// out[b] = the sum of the sample's tiles: 32 chains and a tree
__global__ void tile_sums_kernel(int64_t B, int tiles, const float* __restrict__ squares, float* __restrict__ out) {
  const int64_t b = row_of_warp();
  if (b < B) {
    float sum = 0.0f;
    for (int i = lane_of_thread(); i < tiles; i += kWarp) sum += squares[b * tiles + i];
    sum = warp_sum(sum);
    if (lane_of_thread() == 0) out[b] = sum;
  }
}

}  // namespace

void CudaDevice::linear_grad_sqnorm(int32_t B, int32_t I, int32_t O, const int32_t* offsets, const float* act,
                                    const float* delta, float* out) {
  if (B == 0) return;
  const int64_t tiles = int64_t{(I + kSide - 1) / kSide} * ((O + kSide - 1) / kSide);
  if (tiles == 0) return fill(out, 0.0f, B);
  float* squares = scratch(B * tiles);
  const LaunchShape shape{dim3(static_cast<unsigned>(B * tiles)), dim3(kSide, kThreadRows), 0, stream_};
  COP_LAUNCH(grad_tiles_kernel, shape, I, O, offsets, act, delta, squares);
  COP_LAUNCH(tile_sums_kernel, row_shape(B, stream_), B, static_cast<int>(tiles), squares, out);
}

}  // namespace coppice
