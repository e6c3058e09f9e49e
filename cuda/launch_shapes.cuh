// SPDX-License-Identifier: Apache-2.0
// How operations are cut into threads: elements, rows with a warp each, and rows of columns.
#pragma once
#include "reduce.cuh"

namespace coppice {

constexpr int kElementThreads = 256;
constexpr int64_t kMostElementBlocks = 8192;
constexpr int kRowWarps = 4;  // rows of a block

inline unsigned blocks_for(int64_t count, int64_t each) { return static_cast<unsigned>((count + each - 1) / each); }

// Elements: for (int64_t i = first_element(); i < N; i += element_step())
inline LaunchShape element_shape(int64_t N, cudaStream_t stream) {
  const unsigned blocks = N > kMostElementBlocks * kElementThreads ? static_cast<unsigned>(kMostElementBlocks)
                                                                   : blocks_for(N, kElementThreads);
  return {dim3(blocks), dim3(kElementThreads), 0, stream};
}
__device__ __forceinline__ int64_t first_element() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ __forceinline__ int64_t element_step() { return int64_t{gridDim.x} * blockDim.x; }

// A warp for each row; `row_of_warp() < T` is the same in all lanes.
inline LaunchShape row_shape(int64_t T, cudaStream_t stream) {
  return {dim3(blocks_for(T, kRowWarps)), dim3(kWarp * kRowWarps), 0, stream};
}
__device__ __forceinline__ int64_t row_of_warp() { return int64_t{blockIdx.x} * kRowWarps + threadIdx.x / kWarp; }

// body(slot, d) for the elements d = lane, lane + 32, ... of a row of D. With kSlots > 0, D must be at most
// 32 * kSlots, and slot is a constant after unrolling: an array indexed by it stays in registers.
template <int kSlots, class Body>
__device__ __forceinline__ void for_lane_elements(int D, Body body) {
  if constexpr (kSlots > 0) {
    GPU_UNROLL
    for (int slot = 0; slot < kSlots; ++slot) {
      const int d = lane_of_thread() + slot * kWarp;
      if (d < D) body(slot, d);
    }
  } else {
    for (int d = lane_of_thread(); d < D; d += kWarp) body(0, d);
  }
}

// A row's values in registers (kSlots > 0), or formed again at each use by load(d).
template <int kSlots, class Load>
class LaneValues {
 public:
  __device__ __forceinline__ LaneValues(int D, Load load) {
    for_lane_elements<kSlots>(D, [this, load](int slot, int d) { held_[slot] = load(d); });
  }
  __device__ __forceinline__ float at(int slot, int) const { return held_[slot]; }

 private:
  float held_[kSlots] = {};  // also those beyond D, which nobody reads
};

template <class Load>
class LaneValues<0, Load> {
 public:
  __device__ __forceinline__ LaneValues(int, Load load) : load_(load) {}
  __device__ __forceinline__ float at(int, int d) const { return load_(d); }

 private:
  Load load_;
};

template <int kSlots, class Load>
__device__ __forceinline__ LaneValues<kSlots, Load> lane_values(int D, Load load) {
  return LaneValues<kSlots, Load>(D, load);
}

// Registers a row of D needs: launches kernel<2>, <8>, or <0> for rows that do not fit.
#define COP_LAUNCH_BY_WIDTH(D, kernel, ...) \
  do {                                      \
    if ((D) <= 2 * kWarp) {                 \
      COP_LAUNCH(kernel<2>, __VA_ARGS__);   \
    } else if ((D) <= 8 * kWarp) {          \
      COP_LAUNCH(kernel<8>, __VA_ARGS__);   \
    } else {                                \
      COP_LAUNCH(kernel<0>, __VA_ARGS__);   \
    }                                       \
  } while (0)

// Rows of columns, without collectives: threads of x take columns, threads of y rows.
constexpr int kTileRows = 8;
inline LaunchShape tile_shape(int64_t T, cudaStream_t stream) {
  return {dim3(blocks_for(T, kTileRows)), dim3(kWarp, kTileRows), 0, stream};
}
__device__ __forceinline__ int64_t row_of_tile() { return int64_t{blockIdx.x} * kTileRows + threadIdx.y; }

}  // namespace coppice
