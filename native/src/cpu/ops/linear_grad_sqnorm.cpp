// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "gemm_tile.hpp"
#include "parallel.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// The sum of the squares of ROWS * kTileCols elements of the gradient, lane by lane.
template <int ROWS>
Vec squares(const Operands& t) {
  Vec sum[ROWS][kTileVecs];
  chain<ROWS>(t, 0, t.depth, sum);
  Vec square[2][kTileVecs] = {};
#pragma GCC unroll 16
  for (int r = 0; r < ROWS; ++r) {
    for (int v = 0; v < kTileVecs; ++v) square[r % 2][v] = madd(sum[r][v], sum[r][v], square[r % 2][v]);
  }
  return (square[0][0] + square[1][0]) + (square[0][1] + square[1][1]);
}

// As squares, for 1 .. ROWS rows.
template <int ROWS>
Vec squares_of(int64_t rows, const Operands& t) {
  if constexpr (ROWS > 1) {
    if (rows < ROWS) return squares_of<ROWS - 1>(rows, t);
  }
  return squares<ROWS>(t);
}

struct Sample {
  const float* narrow;  // (T,O)
  const float* wide;    // (T,I), I >= O
  int64_t T, I, O;
};

// The last I % kTileCols columns of the wide matrix, with zeros after them.
void copy_last_columns(const Sample& s, float* columns) {
  const int64_t first = s.I / kTileCols * kTileCols, width = s.I - first;
  for (int64_t t = 0; t < s.T; ++t) {
    for (int64_t j = 0; j < kTileCols; ++j) columns[t * kTileCols + j] = j < width ? s.wide[t * s.I + first + j] : 0.0f;
  }
}

float sqnorm(const Sample& s, float* columns) {
  if (s.I % kTileCols != 0) copy_last_columns(s, columns);
  Vec total = {};
  for (int64_t i = 0; i < s.I; i += kTileCols) {
    const bool whole = s.I - i >= kTileCols;
    for (int64_t o = 0; o < s.O; o += kTileRows) {
      const int64_t rows = s.O - o < kTileRows ? s.O - o : kTileRows;
      total += squares_of<kTileRows>(rows, {s.narrow + o, 1, s.O, whole ? s.wide + i : columns, whole ? s.I : kTileCols,
                                            s.T, nullptr, 0, 0, 1.0f, 0.0f});
    }
  }
  return sum_lanes(total);
}

int64_t longest(int64_t B, const int32_t* offsets) {
  int64_t most = 0;
  for (int64_t b = 0; b < B; ++b) most = offsets[b + 1] - offsets[b] > most ? offsets[b + 1] - offsets[b] : most;
  return most;
}

}  // namespace

/// The squared norm of each sample's weight gradient of a linear layer; the gradient is never stored.
///
///   out[b] = sum_{o,i} g[b,o,i]^2,   g[b,o,i] = sum_{t in b} delta[t,o] * act[t,i]
///
/// Shapes   offsets (B+1) I32; act (T,I) layer input; delta (T,O) loss gradient at the layer's output; out (B).
/// Units    (loss / weight)^2; the caller takes the root.
/// Numbers  |error| <= (2 * n + O*I/96 + 24) * 2^-24 * out(|act|,|delta|) for n positions: each g is one chain in the
///          order of positions; the squares of a register tile, then the tiles in order, then the lanes. A sample
///          without positions gives 0. NaN in gives NaN out.
/// Cost     T*O*I multiply-adds in register tiles. The ghost norm needs n^2*(O+I)/2 a sample and cancels; it is better
///          only for n < 2*O*I/(O+I), and slower there at these sizes too.
/// Source   the definition; ghost norm: Goodfellow, arXiv:1510.01799; choice between them: arXiv:2205.10683.
void CpuDevice::linear_grad_sqnorm(int32_t B, int32_t I, int32_t O, const int32_t* offsets, const float* act,
                                   const float* delta, float* out) {
  // The norm of g is that of its transpose: lanes run along the wider matrix.
  const bool swap = I < O;
  const int64_t wide = swap ? O : I, narrow = swap ? I : O;
  const float* wide_rows = swap ? delta : act;
  const float* narrow_rows = swap ? act : delta;
  const int64_t floats = wide % kTileCols == 0 ? 0 : longest(B, offsets) * kTileCols;
  float* columns = static_cast<float*>(scratch(threads_ * floats * int64_t{sizeof(float)}));
  for_segment_ranges(threads_, B, offsets, wide * narrow, [=](int64_t begin, int64_t end) {
    float* own = columns + omp_get_thread_num() * floats;
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = offsets[b];
      out[b] =
          sqnorm({narrow_rows + first * narrow, wide_rows + first * wide, offsets[b + 1] - first, wide, narrow}, own);
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
