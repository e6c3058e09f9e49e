// SPDX-License-Identifier: Apache-2.0
// Pieces of packed causal attention. A block works on one sample and head; each of its warps has kRows rows (queries,
// or keys), whose other side goes by in tiles of 32 positions, one a lane. One tile buffer holds queries, keys, values
// and gradients in turn, so that any head width up to 256 fits into 48 KiB. Sums over a head's channels are chains in
// each lane, sums over positions are chains in the order of positions, whatever the grid.
#pragma once
#include "cuda_device.hpp"
#include "launch_shapes.cuh"
#include "philox.cuh"
#include "soft_cap.cuh"

namespace coppice {

constexpr int kKeys = kWarp;              // positions of a tile
constexpr unsigned kAttentionSplits = 4;  // blocks that share the row tiles of one sample and head

template <int kSlots_>
struct AttentionSize {
  static constexpr int kSlots = kSlots_;  // channels of a lane: head widths up to 32 kSlots
  static constexpr int kRows = kSlots <= 2 ? 4 : kSlots == 4 ? 2 : 1;
  static constexpr int kWarps = kSlots == 8 ? 2 : 4;
  static constexpr int kTileRows = kRows * kWarps;
};

struct AttentionShape {
  int B, H, G, C;
  const int32_t* offsets;
  float scale;
  SoftCap cap{0.0f};
  int window = INT32_MAX;  // keys that a query meets at most, itself among them

  __device__ __forceinline__ float score(float product) const { return cap.apply(scale * product); }
  // Whether query i meets key j.
  __device__ __forceinline__ bool meets(int i, int j) const { return j <= i && i - j < window; }
};

// Positions of one head in a packed tensor: position i at data + i * stride.
struct HeadRows {
  const float* data;
  int64_t stride;
};

// Where a block's sample and head lie. With `groups`, blocks count key/value heads, else query heads.
struct HeadPlace {
  int64_t first;  // position
  int n, b, head;
  __device__ __forceinline__ HeadPlace(const AttentionShape& a, bool groups) {
    const int heads = groups ? a.G : a.H;
    b = static_cast<int>(blockIdx.x) / heads;
    head = static_cast<int>(blockIdx.x) % heads;
    first = a.offsets[b];
    n = static_cast<int>(a.offsets[b + 1] - first);
  }
  // Of x (T,heads,C).
  __device__ __forceinline__ HeadRows rows(const float* x, int heads, int which, int C) const {
    return {x + (first * heads + which) * C, int64_t{heads} * C};
  }
};

template <class Size>
LaunchShape attention_launch(const AttentionShape& a, int heads, int row_arrays, int weight_arrays,
                             cudaStream_t stream) {
  const size_t floats = static_cast<size_t>(kKeys * (a.C + 1) + row_arrays * Size::kTileRows * a.C +
                                            weight_arrays * Size::kTileRows * kKeys);
  // Pieces start at multiples of 16 bytes.
  const size_t bytes = floats * sizeof(float) + static_cast<size_t>(1 + row_arrays + weight_arrays) * 16;
  return {dim3(static_cast<unsigned>(a.B) * static_cast<unsigned>(heads), kAttentionSplits), dim3(Size::kWarps * kWarp),
          bytes, stream};
}

// COP_ATTENTION(C, Size, statement) runs the statement with Size for the head width.
#define COP_ATTENTION(C, Size, ...)  \
  do {                               \
    if ((C) <= 32) {                 \
      using Size = AttentionSize<1>; \
      __VA_ARGS__;                   \
    } else if ((C) <= 64) {          \
      using Size = AttentionSize<2>; \
      __VA_ARGS__;                   \
    } else if ((C) <= 128) {         \
      using Size = AttentionSize<4>; \
      __VA_ARGS__;                   \
    } else {                         \
      using Size = AttentionSize<8>; \
      __VA_ARGS__;                   \
    }                                \
  } while (0)

__device__ __forceinline__ int warp_of_thread() { return static_cast<int>(threadIdx.x) / kWarp; }

// The tile buffer becomes positions start .. start+31, zeros beyond n. All threads must call it: it waits before, for
// the tile that was there, and after.
__device__ __forceinline__ void load_tile(HeadRows x, int start, int n, int C, float* tile) {
  __syncthreads();
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  for (int j = warp_of_thread(); j < kKeys; j += warps) {
    for (int c = lane_of_thread(); c < C; c += kWarp) {
      tile[j * (C + 1) + c] = start + j < n ? x.data[(start + j) * x.stride + c] : 0.0f;
    }
  }
  __syncthreads();
}

// A warp's rows, start .. start+kRows-1, to its part of `rows`; zeros beyond n.
template <class Size>
__device__ __forceinline__ void load_rows(HeadRows x, int start, int n, int C, float* rows) {
  for (int r = 0; r < Size::kRows; ++r) {
    for (int c = lane_of_thread(); c < C; c += kWarp) {
      rows[r * C + c] = start + r < n ? x.data[(start + r) * x.stride + c] : 0.0f;
    }
  }
}

// out[r] += rows[r] . the tile's position of this lane
template <class Size>
__device__ __forceinline__ void add_dots(const float* rows, const float* tile, int C, float (&out)[Size::kRows]) {
  const float* own = tile + lane_of_thread() * (C + 1);
  for (int c = 0; c < C; ++c) {
    const float x = own[c];
    GPU_UNROLL
    for (int r = 0; r < Size::kRows; ++r) out[r] = fmaf(rows[r * C + c], x, out[r]);
  }
}

// A value for each row and position of the tile, from the lane that has it to all lanes of the warp.
template <class Size>
__device__ __forceinline__ void share(const float (&values)[Size::kRows], float* weights) {
  for (int r = 0; r < Size::kRows; ++r) weights[r * kKeys + lane_of_thread()] = values[r];
  __syncwarp();
}

// sums[r][slot] += weights[r][j] * tile[j][c] over the positions j with meets(r, j). Others are not touched, whatever
// they hold.
template <class Size, class Meets>
__device__ __forceinline__ void add_weighted(const float* weights, const float* tile, int C, Meets meets,
                                             float (&sums)[Size::kRows][Size::kSlots]) {
  for (int j = 0; j < kKeys; ++j) {
    GPU_UNROLL
    for (int slot = 0; slot < Size::kSlots; ++slot) {
      const int c = lane_of_thread() + slot * kWarp;
      const float x = c < C ? tile[j * (C + 1) + c] : 0.0f;
      GPU_UNROLL
      for (int r = 0; r < Size::kRows; ++r) {
        if (meets(r, j)) sums[r][slot] = fmaf(weights[r * kKeys + j], x, sums[r][slot]);
      }
    }
  }
}

// Rows start .. of `to` (n positions, `stride` apart) become factor(r) * sums[r].
template <class Size, class Factor>
__device__ __forceinline__ void store_rows(const float (&sums)[Size::kRows][Size::kSlots], int start, int n, int C,
                                           float* to, int64_t stride, Factor factor) {
  GPU_UNROLL
  for (int r = 0; r < Size::kRows; ++r) {
    if (start + r >= n) continue;
    GPU_UNROLL
    for (int slot = 0; slot < Size::kSlots; ++slot) {
      const int c = lane_of_thread() + slot * kWarp;
      if (c < C) to[(start + r) * stride + c] = factor(r) * sums[r][slot];
    }
  }
}

// The memory that a block's launch gave it.
template <class Size>
struct AttentionMemory {
  float* tile;
  SharedCarve carve;
  int C;
  __device__ __forceinline__ explicit AttentionMemory(int C_) : C(C_) { tile = carve.take<float>(kKeys * (C + 1)); }
  // This warp's part of an array of rows, or of weights.
  __device__ __forceinline__ float* rows() {
    return carve.take<float>(Size::kTileRows * C) + warp_of_thread() * Size::kRows * C;
  }
  __device__ __forceinline__ float* weights() {
    return carve.take<float>(Size::kTileRows * kKeys) + warp_of_thread() * Size::kRows * kKeys;
  }
};

// Number of the pair (i, j) of a sample in the packed lower triangles.
__device__ __forceinline__ uint32_t pair_number(int32_t triangle, int i, int j) {
  return static_cast<uint32_t>(triangle) + static_cast<uint32_t>(int64_t{i} * (i + 1) / 2 + j);
}

}  // namespace coppice
