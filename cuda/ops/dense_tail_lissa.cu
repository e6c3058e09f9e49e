// SPDX-License-Identifier: Apache-2.0
#include "dense_tail.cuh"

namespace coppice {
namespace {

constexpr int kLissaThreads = kTailWarps * kWarp;

/// LiSSA's recursion on the curvature in the last dense layer's weight, all steps in one block: nothing waits for the
/// host or for another launch.
///
///   h <- h + (g - damp * h - rate * sum over the mini-batch's positions of (M_t h x_t) x_t^T)
///
/// Shapes   as in coppice.h; sum (D,D), memory as of the layout.
/// Numbers  a position's tangent as by dense_tail_hvp; its sum one chain of multiply-adds over the positions in their
///          order in the mini-batch; then three roundings an element. |h| by 256 chains and a tree. No bit depends on
///          the cut of the recursion into calls, nor on where a sample lies.
/// Launch   one block of 8 warps, which share a sample's positions evenly, 32 at a time up to D = 76. Its h and sum lie
///          in device memory, each element with one thread, and stay in the cache.
/// Cost     a position 6 D*D multiply-adds; a step reads h and each weight twice and passes some 10 D/32 barriers for
///          every 32 positions, and waits for those rather than for arithmetic.
/// Source   Agarwal, Bullins and Hazan, JMLR 18, 2017.
template <class Layout>
class LissaBlock {
 public:
  __device__ __forceinline__ LissaBlock(int D, bool gauss_newton, const DenseTail& tail, const float* x,
                                        const LissaSteps& lissa, float* panel, float* buffers, float* sum)
      : D_(D),
        gauss_newton_(gauss_newton),
        tail_(tail),
        x_(x),
        lissa_(lissa),
        panel_(panel),
        buffers_(buffers),
        sum_(sum) {}

  // sum (+)= the products of positions first .. first+count-1, at most Layout::kBlockRows
  __device__ __forceinline__ void add_tile(int64_t first, int count, bool fresh) const {
    const int share = (count + kTailWarps - 1) / kTailWarps, begin = static_cast<int>(threadIdx.x) / kWarp * share;
    const int rows = max(0, min(share, count - begin));
    const int64_t own = first + begin;
    const TailBlock<Layout::kWarpRows> block(tail_, D_, own, rows, buffers_, panel_);
    block.for_elements([&](int r, int d) { block.lower(r)[d] = x_[(own + r) * D_ + d]; });
    block.product.template operator()<false>(block.lower, lissa_.h,
                                             [&](int r, int o, float value) { block.s_dot(r)[o] = value; });
    block.tangent(gauss_newton_, [&](int r, int d, float value) { block.upper(r)[d] = value; });
    __syncthreads();
    add_outer(block.upper.whole(), first, count, share, fresh);
    __syncthreads();  // the rows are done with
  }

  // Returns this thread's part of |h|^2.
  __device__ __forceinline__ float advance(bool fresh) const {
    float squares = 0.0f;
    for_elements([&](int, int, int64_t e) {
      float moved = fmaf(-lissa_.damp, lissa_.h[e], lissa_.g[e]);
      if (!fresh) moved = fmaf(-lissa_.rate, sum_[e], moved);
      const float next = lissa_.h[e] + moved;
      lissa_.h[e] = next;
      squares = fmaf(next, next, squares);
    });
    return squares;
  }

 private:
  // sum[o,i] (+)= sum over the tile's rows of delta[row,o] * x[row,i]; a warp has `share` rows
  __device__ __forceinline__ void add_outer(const float* delta, int64_t first, int count, int share, bool fresh) const {
    const int64_t stride = tail_stride(D_);
    for_elements([&](int o, int i, int64_t e) {
      float total = fresh ? 0.0f : sum_[e];
      const float* x = x_ + first * D_ + i;
      for (int begin = 0, warp = 0; begin < count; begin += share, ++warp) {
        const float* rows = delta + warp * Layout::kWarpRows * stride + o;
        for (int r = 0; r < min(share, count - begin); ++r, x += D_) total = fmaf(rows[r * stride], *x, total);
      }
      sum_[e] = total;
    });
  }

  // body(o, i, o * D + i) for the elements of a (D,D) that are this thread's, always the same ones
  template <class Body>
  __device__ __forceinline__ void for_elements(Body body) const {
    for (int o = static_cast<int>(threadIdx.x) / kWarp; o < D_; o += kTailWarps) {
      for (int i = lane_of_thread(); i < D_; i += kWarp) body(o, i, int64_t{o} * D_ + i);
    }
  }

  int D_;
  bool gauss_newton_;
  const DenseTail& tail_;
  const float* x_;
  const LissaSteps& lissa_;
  float *panel_, *buffers_, *sum_;
};

// h is written and read again, so nothing on its way may be __restrict__.
template <class Layout>
__global__ void tail_lissa_kernel(int D, bool gauss_newton, DenseTail tail, const float* x, LissaSteps lissa,
                                  float* sum, float* memory) {
  GPU_SHARED(float, panel, [kPanelDepth * kPanelRow]);
  const LissaBlock<Layout> block(D, gauss_newton, tail, x, lissa, panel, Layout::buffers(D, memory), sum);
  const int32_t* range = lissa.ranges;
  for (int k = 0; k < lissa.steps; ++k) {
    bool fresh = true;
    for (int j = 0; j < lissa.batch; ++j, range += 2) {
      for (int64_t first = range[0]; first < range[1]; first += Layout::kBlockRows) {
        block.add_tile(first, static_cast<int>(min(int64_t{Layout::kBlockRows}, range[1] - first)), fresh);
        fresh = false;
      }
    }
    const float squares = block_sum<kLissaThreads>(block.advance(fresh));  // with a barrier: h is there for all
    if (threadIdx.x == 0) lissa.norms[k] = sqrtf(squares);
  }
}

}  // namespace

void CudaDevice::dense_tail_lissa(int32_t, int32_t D, int32_t, int32_t gauss_newton, const DenseTail& tail,
                                  const float* x, const LissaSteps& lissa) {
  if (lissa.steps == 0) return;
  for_tail_layout(D, [&](auto layout) {
    const int64_t size = int64_t{D} * D;
    float* sum = scratch(size + layout.scratch_floats(1, D));
    COP_LAUNCH(tail_lissa_kernel<decltype(layout)>, layout.shape(1, D, stream_), D, gauss_newton != 0, tail, x, lissa,
               sum, sum + size);
  });
}

}  // namespace coppice
