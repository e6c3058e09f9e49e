// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "dense_tail.hpp"
#include "parallel.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The curvature of each position's loss in the last dense layer's output, as the lower triangle of a matrix.
///
///   out[t,q(i,j)] = M_t[i,j],  i >= j,  q(i,j) = j*D - j*(j-1)/2 + i - j
///
/// Shapes   as in coppice.h; out (T,D*(D+1)/2).
/// Numbers  column j is the tangent along the j-th unit vector, as in dense_tail_hvp: M_t is symmetric up to its
///          rounding, and the entries on and below the diagonal are taken. A row depends on no other.
/// Launch   blocks of 256 rows over the threads.
/// Cost     4 T*D^3 multiply-adds; writes 2 T*D*(D+1) bytes.
/// Source   forward-over-reverse: Pearlmutter, Neural Computation 6, 1994.
void CpuDevice::dense_tail_curvature(int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const DenseTail& tail,
                                     float* out) {
  const int64_t width = D, packed = width * (width + 1) / 2, chunks = (T + kTailRows - 1) / kTailRows;
  const int64_t own = TailBlock::floats(width);
  const int32_t team = chunks <= 1 ? 1 : threads_;
  make_parts(tail_scratch_bytes(width));
  float* memory = static_cast<float*>(scratch((4 * panel_floats(width) + team * own) * int64_t{sizeof(float)}));
  const TailPanels panels = tail_panels(tail, width, memory);
  float* const blocks = memory + 4 * panel_floats(width);
  for_ranges(team, chunks, chunks * kTailRows * packed, [=, &tail](int64_t begin, int64_t end) {
    const int32_t thread = team == 1 ? 0 : omp_get_thread_num();
    const TailBlock block(blocks + thread * own, width);
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t row = chunk * kTailRows, left = T - row, rows = left < kTailRows ? left : kTailRows;
      const DenseTail here = tail_from(tail, row, width);
      float* column = out + row * packed;
      for (int64_t j = 0; j < width; column += width - j, ++j) {
        for (int64_t i = 0; i < rows * width; ++i) block.s_dot[i] = 0.0f;
        for (int64_t t = 0; t < rows; ++t) block.s_dot[t * width + j] = 1.0f;
        tail_tangent(part(thread), here, panels, static_cast<int32_t>(rows), D, V, gauss_newton != 0, block);
        for (int64_t t = 0; t < rows; ++t) {
          for (int64_t i = j; i < width; ++i) column[t * packed + i - j] = block.delta_dot[t * width + i];
        }
      }
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
