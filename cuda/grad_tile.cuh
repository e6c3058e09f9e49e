// SPDX-License-Identifier: Apache-2.0
// Sums over rows of outer products of two rows, delta^T act, by tiles of 32 x 32: a block of 32 x 8 threads has a tile,
// whose elements are each one chain in the order of rows.
#pragma once
#include "launch_shapes.cuh"

namespace coppice {

constexpr int kTileSide = 32;
constexpr int kTileThreads = 8;  // of y: each thread has 4 elements of a tile's column
constexpr int kTileElements = kTileSide / kTileThreads;
constexpr int kTileDepth = 16;  // rows in shared memory at a time

__host__ __device__ constexpr int64_t grad_tiles(int64_t I, int64_t O) {
  return (I + kTileSide - 1) / kTileSide * ((O + kTileSide - 1) / kTileSide);
}

inline LaunchShape grad_tile_shape(int64_t blocks, cudaStream_t stream) {
  return {dim3(static_cast<unsigned>(blocks)), dim3(kTileSide, kTileThreads), 0, stream};
}

// Where the tile of a number lies in a gradient (O,I), and the elements of it that a thread has.
class GradTile {
 public:
  __device__ __forceinline__ GradTile(int I, int O, int tile)
      : I_(I),
        O_(O),
        first_i_(tile % ((I + kTileSide - 1) / kTileSide) * kTileSide),
        first_o_(tile / ((I + kTileSide - 1) / kTileSide) * kTileSide) {}

  // element[r] = sum over begin <= t < end of delta[t,o] * act[t,i]; all threads of the block must call it
  __device__ __forceinline__ void sum_rows(int64_t begin, int64_t end, const float* __restrict__ act,
                                           const float* __restrict__ delta, float (&element)[kTileElements]) const {
    GPU_SHARED(float, inputs, [kTileDepth][kTileSide]);
    GPU_SHARED(float, outputs, [kTileDepth][kTileSide]);
    const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
    GPU_UNROLL
    for (int r = 0; r < kTileElements; ++r) element[r] = 0.0f;
    for (int64_t start = begin; start < end; start += kTileDepth) {
      const int depth = static_cast<int>(min(int64_t{kTileDepth}, end - start));
      __syncthreads();  // the rows before are done with
      for (int j = y; j < depth; j += kTileThreads) {
        inputs[j][x] = first_i_ + x < I_ ? act[(start + j) * I_ + first_i_ + x] : 0.0f;
        outputs[j][x] = first_o_ + x < O_ ? delta[(start + j) * O_ + first_o_ + x] : 0.0f;
      }
      __syncthreads();
      for (int j = 0; j < depth; ++j) {
        const float in = inputs[j][x];
        GPU_UNROLL
        for (int r = 0; r < kTileElements; ++r) element[r] = fmaf(outputs[j][y + r * kTileThreads], in, element[r]);
      }
    }
  }

  // body(r, o * I + i) for the thread's elements inside of the gradient. Those outside are of no use: there a NaN of
  // the last rows and columns has met the zeros that fill the tile.
  template <class Body>
  __device__ __forceinline__ void for_inside(Body body) const {
    const int i = first_i_ + static_cast<int>(threadIdx.x);
    GPU_UNROLL
    for (int r = 0; r < kTileElements; ++r) {
      const int o = first_o_ + static_cast<int>(threadIdx.y) + r * kTileThreads;
      if (i < I_ && o < O_) body(r, int64_t{o} * I_ + i);
    }
  }

 private:
  int I_, O_, first_i_, first_o_;
};

}  // namespace coppice
