// SPDX-License-Identifier: Apache-2.0
// Packing of the operands of the matrix product, so that the innermost loop reads memory in order.
#pragma once
#include "gemm_tile.hpp"
#include "half.hpp"
#include "transpose.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// dst[i] = float(src[first + i])
void read_floats(const void* src, int32_t dtype, int64_t first, int64_t count, float* dst) {
  for_floats(src, dtype, first, count, [dst](int64_t i, float x) { dst[i] = x; });
}

// b of the product, in memory.
struct RightOperand {
  const void* data;
  int32_t dtype;
  bool transposed;  // (n,k) instead of (k,n)
  int64_t n;
  int64_t k;
};

// Columns j0 .. j0+kTileCols-1, rows p0 .. p0+depth-1 of op(b): panel[p * kTileCols + j], 0 beyond column n.
void pack_panel(const RightOperand& b, int64_t j0, int64_t p0, int64_t depth, float* panel) {
  const int64_t width = b.n - j0 < kTileCols ? b.n - j0 : kTileCols;
  if (width < kTileCols) {
    for (int64_t i = 0; i < depth * kTileCols; ++i) panel[i] = 0.0f;
  }
  if (!b.transposed) {
    for (int64_t p = 0; p < depth; ++p) read_floats(b.data, b.dtype, (p0 + p) * b.n + j0, width, panel + p * kTileCols);
    return;
  }
  if (b.dtype == COP_F32) {
    transpose(static_cast<const float*>(b.data) + j0 * b.k + p0, b.k, width, depth, panel, kTileCols);
    return;
  }
  constexpr int64_t kStep = 64;
  float rows[kTileCols * kStep];  // a piece at a time, as float32
  for (int64_t p = 0; p < depth; p += kStep) {
    const int64_t step = depth - p < kStep ? depth - p : kStep;
    for (int64_t j = 0; j < width; ++j) read_floats(b.data, b.dtype, (j0 + j) * b.k + p0 + p, step, rows + j * kStep);
    transpose(rows, kStep, width, step, panel + p * kTileCols, kTileCols);
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
