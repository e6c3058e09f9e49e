// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "dense_tail.hpp"
#include "parallel.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The product of the curvature in the last dense layer's weight with a direction.
///
///   out = sum_t (M_t V x_t) x_t^T,   M_t as in coppice.h
///
/// Shapes   as in coppice.h.
/// Numbers  every row as by the single operations of the tangent (their bounds add up); the sum over rows is a chain
///          of multiply-adds over 256 rows, and the chunks are added in order: neither threads nor, for a row's term,
///          other rows change a bit.
/// Launch   chunks of rows over the threads; up to 256 rows on the calling thread alone.
/// Cost     6 T*D*D multiply-adds and 9 T*D*4 bytes read once: a block passes through all operations in the cache.
/// Source   forward-over-reverse: Pearlmutter, Neural Computation 6, 1994.
void CpuDevice::dense_tail_hvp(int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const DenseTail& tail,
                               const float* x, const float* direction, float* out) {
  const int64_t width = D, size = width * width, chunks = (T + kTailRows - 1) / kTailRows;
  const int64_t own = TailBlock::floats(width) + kTailRows * kTileCols;
  const int32_t team = chunks <= 1 ? 1 : threads_;
  make_parts(tail_scratch_bytes(width));
  float* memory =
      static_cast<float*>(scratch((5 * panel_floats(width) + team * own + chunks * size) * int64_t{sizeof(float)}));
  const TailPanels panels = tail_panels(tail, width, memory);
  const float* direction_panels = packed_panels(direction, true, width, memory + 4 * panel_floats(width));
  float* const blocks = memory + 5 * panel_floats(width);
  float* const partials = blocks + team * own;
  for_ranges(team, chunks, chunks * kTailRows * width, [=, &tail](int64_t begin, int64_t end) {
    const int32_t thread = team == 1 ? 0 : omp_get_thread_num();
    const TailBlock block(blocks + thread * own, width);
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t row = chunk * kTailRows, left = T - row, rows = left < kTailRows ? left : kTailRows;
      multiply_packed(rows, width, x + row * width, direction_panels, 0.0f, block.s_dot);
      tail_tangent(part(thread), tail_from(tail, row, width), panels, static_cast<int32_t>(rows), D, V,
                   gauss_newton != 0, block);
      multiply_transposed(rows, width, block.delta_dot, x + row * width,
                          blocks + (thread + 1) * own - kTailRows * kTileCols, 0.0f, partials + chunk * size);
    }
  });
  for (int64_t i = 0; i < size; ++i) out[i] = 0.0f;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    for (int64_t i = 0; i < size; ++i) out[i] += partials[chunk * size + i];
  }
}

}  // namespace COPPICE_ISA
}  // namespace coppice
