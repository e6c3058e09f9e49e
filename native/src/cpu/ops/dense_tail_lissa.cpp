// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "dense_tail.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

constexpr int64_t kChains = 8;

// h += g - damp * h - rate * sum, element by element; returns |h|, from 8 chains in float64.
float advance(int64_t size, const LissaSteps& lissa, const float* sum) {
  const auto element = [&](int64_t i) {
    const float moved = lissa.g[i] - lissa.damp * lissa.h[i] - lissa.rate * sum[i];
    lissa.h[i] += moved;
    return static_cast<double>(lissa.h[i]) * static_cast<double>(lissa.h[i]);
  };
  double chain[kChains] = {};
  int64_t i = 0;
  for (; i + kChains <= size; i += kChains) {
    for (int64_t c = 0; c < kChains; ++c) chain[c] += element(i + c);
  }
  double squares = 0.0;
  for (; i < size; ++i) squares += element(i);
  for (const double part : chain) squares += part;
  return static_cast<float>(__builtin_sqrt(squares));
}

}  // namespace

/// LiSSA's recursion on the curvature in the last dense layer's weight.
///
///   h <- h + (g - damp * h - rate * sum over the mini-batch's positions of (M_t h x_t) x_t^T)
///
/// Shapes   as in coppice.h.
/// Numbers  a product as by dense_tail_hvp, its sum one chain over the positions in the order of the mini-batch, by
///          blocks of 256; then three roundings an element. One thread: a step needs the one before.
/// Cost     a position 6 D*D multiply-adds, a step D*D to pack h; the weights are packed once for all steps.
/// Source   Agarwal, Bullins and Hazan, JMLR 18, 2017.
void CpuDevice::dense_tail_lissa(int32_t, int32_t D, int32_t V, int32_t gauss_newton, const DenseTail& tail,
                                 const float* x, const LissaSteps& lissa) {
  const int64_t width = D, size = width * width, packed = panel_floats(width), rows_floats = TailBlock::floats(width);
  make_parts(tail_scratch_bytes(width));
  float* const memory =
      static_cast<float*>(scratch((5 * packed + rows_floats + kTailRows * kTileCols + size) * int64_t{sizeof(float)}));
  const TailPanels panels = tail_panels(tail, width, memory);
  float* const direction = memory + 4 * packed;
  const TailBlock block(direction + packed, width);
  float* const across = direction + packed + rows_floats;
  float* const sum = across + kTailRows * kTileCols;
  const int32_t* range = lissa.ranges;
  for (int32_t k = 0; k < lissa.steps; ++k) {
    packed_panels(lissa.h, true, width, direction);
    bool first = true;
    for (int32_t j = 0; j < lissa.batch; ++j, range += 2) {
      for (int64_t row = range[0]; row < range[1]; row += kTailRows) {
        const int64_t left = range[1] - row, rows = left < kTailRows ? left : kTailRows;
        multiply_packed(rows, width, x + row * width, direction, 0.0f, block.s_dot);
        tail_tangent(part(0), tail_from(tail, row, width), panels, static_cast<int32_t>(rows), D, V, gauss_newton != 0,
                     block);
        multiply_transposed(rows, width, block.delta_dot, x + row * width, across, first ? 0.0f : 1.0f, sum);
        first = false;
      }
    }
    for (int64_t i = 0; first && i < size; ++i) sum[i] = 0.0f;
    lissa.norms[k] = advance(size, lissa, sum);
  }
}

}  // namespace COPPICE_ISA
}  // namespace coppice
