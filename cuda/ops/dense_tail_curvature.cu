// SPDX-License-Identifier: Apache-2.0
#include "dense_tail.cuh"

namespace coppice {
namespace {

/// The curvature of each position's loss in the last dense layer's output, as the lower triangle of a matrix.
///
///   out[t,q(i,j)] = M_t[i,j],  i >= j,  q(i,j) = j*D - j*(j-1)/2 + i - j
///
/// Shapes   as in coppice.h; out (T,D*(D+1)/2).
/// Numbers  column j is the tangent along the j-th unit vector, as in dense_tail_hvp: M_t is symmetric up to its
///          rounding, and the entries on and below the diagonal are taken. A row depends on no other.
/// Launch   as dense_tail_hvp, a block for each block of rows and column.
/// Cost     4 T*D^3 multiply-adds; writes 2 T*D*(D+1) bytes.
/// Source   forward-over-reverse: Pearlmutter, Neural Computation 6, 1994.
template <class Layout>
__global__ void tail_curvature_kernel(int64_t T, int64_t D, bool gauss_newton, DenseTail tail, float* __restrict__ out,
                                      float* __restrict__ memory) {
  GPU_SHARED(float, panel, [kPanelDepth * kPanelRow]);
  const int64_t tile = blockIdx.x / D, j = blockIdx.x % D, first = Layout::first_row(tile);
  const int width = static_cast<int>(D);
  const TailBlock<Layout::kWarpRows> block(tail, width, first, Layout::rows(T, tile), Layout::buffers(width, memory),
                                           panel);
  block.for_elements([&](int r, int d) { block.s_dot(r)[d] = d == j ? 1.0f : 0.0f; });
  float* column = out + j * D - j * (j - 1) / 2 - j;
  block.tangent(gauss_newton, [&](int r, int d, float value) {
    if (d >= j) column[(first + r) * (D * (D + 1) / 2) + d] = value;
  });
}

}  // namespace

void CudaDevice::dense_tail_curvature(int32_t T, int32_t D, int32_t, int32_t gauss_newton, const DenseTail& tail,
                                      float* out) {
  if (T == 0) return;
  for_tail_layout(D, [&](auto layout) {
    const int64_t blocks = layout.blocks(T) * D;
    COP_LAUNCH(tail_curvature_kernel<decltype(layout)>, layout.shape(blocks, D, stream_), T, D, gauss_newton != 0, tail,
               out, scratch(layout.scratch_floats(blocks, D)));
  });
}

}  // namespace coppice
