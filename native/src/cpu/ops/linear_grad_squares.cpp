// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "gemm_tile.hpp"
#include "parallel.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

struct Gradients {
  const int32_t* offsets;  // (B+1)
  const float* act;        // (T,I)
  const float* delta;      // (T,O)
  const float* last;       // (T,kTileCols): the last I % kTileCols columns of act, with zeros after them
  int64_t B, I, O;
  float* out;  // (O,I)
};

// ROWS * kTileCols elements of the result from row o and column i on: the samples one after the other.
template <int ROWS>
void squares(const Gradients& g, int64_t o, int64_t i) {
  const bool whole = g.I - i >= kTileCols;
  const float* columns = whole ? g.act + i : g.last;
  const int64_t step = whole ? g.I : kTileCols;
  Vec total[ROWS][kTileVecs] = {};
  for (int64_t b = 0; b < g.B; ++b) {
    const int64_t first = g.offsets[b];
    const Operands t{g.delta + first * g.O + o,
                     1,
                     g.O,
                     columns + first * step,
                     step,
                     g.offsets[b + 1] - first,
                     nullptr,
                     0,
                     0,
                     1.0f,
                     0.0f};
    Vec sum[ROWS][kTileVecs];
    chain<ROWS>(t, 0, t.depth, sum);
    for (int r = 0; r < ROWS; ++r) {
      for (int v = 0; v < kTileVecs; ++v) total[r][v] = madd(sum[r][v], sum[r][v], total[r][v]);
    }
  }
  const Operands place{nullptr, 0, 0, nullptr, 0, 0, g.out + o * g.I + i, g.I, g.I - i, 1.0f, 0.0f};
  write_tile<ROWS>(place, total);
}

// As squares, for 1 .. ROWS rows.
template <int ROWS>
void squares_of(int64_t rows, const Gradients& g, int64_t o, int64_t i) {
  if constexpr (ROWS > 1) {
    if (rows < ROWS) return squares_of<ROWS - 1>(rows, g, o, i);
  }
  squares<ROWS>(g, o, i);
}

// Sums of half a tile's height: as many again hold the totals.
constexpr int kRows = kTileRows / 2;

}  // namespace

/// The squares of each sample's weight gradient of a linear layer, added up over samples.
///
///   out[o,i] = sum_b g[b,o,i]^2,   g[b,o,i] = sum_{t in b} delta[t,o] * act[t,i]
///
/// Shapes   offsets (B+1) I32; act (T,I) layer input; delta (T,O) loss gradient at the layer's output; out (O,I).
/// Units    (loss / weight)^2, if act and delta are in the basis of the weight.
/// Numbers  |error| <= (2 * n + B) * 2^-24 * out(|act|,|delta|) for samples of at most n positions: each g is one chain
///          in the order of positions, each result one chain in the order of samples. No sample gives 0.
/// Cost     T*O*I multiply-adds in register tiles; act and delta are read once for each tile of the result.
/// Source   the second moment of gradients in a basis of Kronecker form: George et al. 2018, arXiv:1806.03884.
void CpuDevice::linear_grad_squares(int32_t B, int32_t I, int32_t O, const int32_t* offsets, const float* act,
                                    const float* delta, float* out) {
  const int64_t positions = offsets[B], width = I % kTileCols, columns = (I + kTileCols - 1) / kTileCols;
  float* last = static_cast<float*>(scratch(width == 0 ? 0 : positions * kTileCols * int64_t{sizeof(float)}));
  if (width != 0) {
    for (int64_t t = 0; t < positions; ++t) {
      const float* row = act + t * I + I - width;
      for (int64_t j = 0; j < kTileCols; ++j) last[t * kTileCols + j] = j < width ? row[j] : 0.0f;
    }
  }
  const Gradients g{offsets, act, delta, last, B, I, O, out};
  const int64_t rows = (O + kRows - 1) / kRows;
  for_ranges(threads_, rows * columns, positions * O * I + int64_t{O} * I, [=](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const int64_t o = k / columns * kRows;
      squares_of<kRows>(O - o < kRows ? O - o : kRows, g, o, k % columns * kTileCols);
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
