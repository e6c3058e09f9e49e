// SPDX-License-Identifier: Apache-2.0
// The tangent of the surrogate's tail, for blocks of rows that stay in shared memory from one product to the next. A
// warp has kRows rows; its lanes have every 32nd element of them, in the results of products as in everything else, so
// that only the products read what other lanes wrote.
//
// A row's numbers do not depend on its block: sums over a row are 32 chains and a tree, products are chains in the
// order of the inner extent.
#pragma once
#include "cuda_device.hpp"
#include "launch_shapes.cuh"
#include "logistic.cuh"

namespace coppice {

constexpr int kTailWarps = 8;
constexpr int kStrip = 2 * kWarp;  // columns of a product at a time
constexpr int kPanelDepth = 32;    // of its inner extent at a time
constexpr int kPanelRow = kStrip + 1;
constexpr int kTailBuffers = 4;

// A row is read in groups of 4: beyond D it holds zeros.
__host__ __device__ constexpr int tail_stride(int D) { return (D + 3) / 4 * 4; }

// A warp's rows of one of the block's buffers.
template <int kRows>
class WarpRows {
 public:
  __device__ __forceinline__ WarpRows(float* buffer, int D) : stride_(tail_stride(D)) {
    first_ = buffer + int64_t{threadIdx.x / kWarp} * kRows * stride_;
  }
  __device__ __forceinline__ float* operator()(int r) const { return first_ + int64_t{r} * stride_; }
  // The rows of all warps, kRows each.
  __device__ __forceinline__ const float* whole() const {
    return first_ - int64_t{threadIdx.x / kWarp} * kRows * stride_;
  }

 private:
  float* first_;
  int stride_;
};

// Products of rows with the (D,D) weights, which pass through shared memory in panels.
template <int kRows>
class TailProduct {
 public:
  __device__ __forceinline__ TailProduct(int D, int rows, float* panel) : D_(D), rows_(rows), panel_(panel) {}

  // store(r, o, sum over p of a(r)[p] * weight[o,p]), or weight[p,o] where kBack, for the warp's rows. All threads of
  // the block must call it. `store` must not write to `a`. The kernel may write `weight` between products, so it is not
  // __restrict__: that makes nvcc load it by the path that is not coherent.
  template <bool kBack, class Store>
  __device__ __forceinline__ void operator()(const WarpRows<kRows>& a, const float* weight, Store store) const {
    const int lane = lane_of_thread();
    for (int strip = 0; strip < D_; strip += kStrip) {
      float sum[kRows][2] = {};
      for (int start = 0; start < D_; start += kPanelDepth) {
        load<kBack>(weight, strip, start);
        __syncthreads();
        if (rows_ > 0) add_panel(a, start, lane, sum);
        __syncthreads();  // the panel is done with, and after the last one, so are the rows of `a`
      }
      GPU_UNROLL
      for (int r = 0; r < kRows; ++r) {
        for (int c = 0; c < 2; ++c) {
          const int o = strip + c * kWarp + lane;
          if (r < rows_ && o < D_) store(r, o, sum[r][c]);
        }
      }
    }
  }

 private:
  // panel[p][o], zero beyond the weight
  template <bool kBack>
  __device__ __forceinline__ void load(const float* weight, int strip, int start) const {
    constexpr int kAcross = kBack ? kStrip : kPanelDepth;  // neighbours in memory
    for (int i = static_cast<int>(threadIdx.x); i < kStrip * kPanelDepth; i += kTailWarps * kWarp) {
      const int across = i % kAcross, down = i / kAcross;
      const int o = kBack ? across : down, p = kBack ? down : across;
      const int64_t row = kBack ? start + p : strip + o;
      const int column = kBack ? strip + o : start + p;
      panel_[p * kPanelRow + o] = row < D_ && column < D_ ? weight[row * D_ + column] : 0.0f;
    }
  }

  __device__ __forceinline__ void add_panel(const WarpRows<kRows>& a, int start, int lane,
                                            float (&sum)[kRows][2]) const {
    const int depth = min(kPanelDepth, tail_stride(D_) - start);
    for (int p = 0; p < depth; p += 4) {
      float w[4][2];
      GPU_UNROLL
      for (int k = 0; k < 4; ++k) {
        w[k][0] = panel_[(p + k) * kPanelRow + lane];
        w[k][1] = panel_[(p + k) * kPanelRow + kWarp + lane];
      }
      GPU_UNROLL
      for (int r = 0; r < kRows; ++r) {
        if (r >= rows_) continue;
        const float4 x = *reinterpret_cast<const float4*>(a(r) + start + p);
        GPU_UNROLL
        for (int c = 0; c < 2; ++c) {
          sum[r][c] = fmaf(x.x, w[0][c], sum[r][c]);
          sum[r][c] = fmaf(x.y, w[1][c], sum[r][c]);
          sum[r][c] = fmaf(x.z, w[2][c], sum[r][c]);
          sum[r][c] = fmaf(x.w, w[3][c], sum[r][c]);
        }
      }
    }
  }

  int D_, rows_;
  float* panel_;
};

// A layer norm at one row. With m and a the means of u and of u * xhat, project(u) = rstd * (u - m - a * xhat) is its
// tangent as well as its gradient.
struct TailNorm {
  const float *xhat, *gamma;
  float rstd;

  struct Means {
    float value, along;
  };
  template <class Value>
  __device__ __forceinline__ Means means(int D, Value u) const {
    float sum = 0.0f, projection = 0.0f;
    for (int d = lane_of_thread(); d < D; d += kWarp) {
      sum += u(d);
      projection = fmaf(u(d), xhat[d], projection);
    }
    const float width = static_cast<float>(D);
    return {warp_sum(sum) / width, warp_sum(projection) / width};
  }
  // of an element of u, without rstd
  __device__ __forceinline__ float projected(float u, int d, const Means& means) const {
    return fmaf(-means.along, xhat[d], u - means.value);
  }

  // out(d, tangent of the norm's result) along s_dot
  template <class Out>
  __device__ __forceinline__ void forward_jvp(int D, const float* s_dot, Out out) const {
    const Means of_s = means(D, [=](int d) { return s_dot[d]; });
    for (int d = lane_of_thread(); d < D; d += kWarp) out(d, rstd * projected(s_dot[d], d, of_s) * gamma[d]);
  }

  // out(d, gradient in s of the gradient dy in the result)
  template <class Out>
  __device__ __forceinline__ void backward(int D, const float* dy, Out out) const {
    const Means of_u = means(D, [=](int d) { return dy[d] * gamma[d]; });
    for (int d = lane_of_thread(); d < D; d += kWarp) out(d, rstd * projected(dy[d] * gamma[d], d, of_u));
  }

  // out(d, tangent of that gradient) along s_dot, with the tangent dy_dot of dy. `out` may write to s_dot and dy_dot.
  template <class Out>
  __device__ __forceinline__ void backward_jvp(int D, const float* s_dot, const float* dy, const float* dy_dot,
                                               Out out) const {
    const Means of_s = means(D, [=](int d) { return s_dot[d]; });
    const Means of_u = means(D, [=](int d) { return dy[d] * gamma[d]; });
    Means moved = means(D, [=](int d) { return dy_dot[d] * gamma[d]; });
    float turned = 0.0f;
    for (int d = lane_of_thread(); d < D; d += kWarp) {
      turned = fmaf(dy[d] * gamma[d], rstd * projected(s_dot[d], d, of_s), turned);
    }
    moved.along += warp_sum(turned) / static_cast<float>(D);
    const float rstd_dot = -(rstd * rstd * of_s.along);
    for (int d = lane_of_thread(); d < D; d += kWarp) {
      const float xhat_dot = rstd * projected(s_dot[d], d, of_s);
      const float tangent = fmaf(-of_u.along, xhat_dot, projected(dy_dot[d] * gamma[d], d, moved));
      out(d, fmaf(rstd_dot, projected(dy[d] * gamma[d], d, of_u), rstd * tangent));
    }
  }
};

// Row t of the tail.
struct TailRow {
  const DenseTail& tail;
  int64_t t;
  int D;

  __device__ __forceinline__ TailNorm middle() const {
    return {tail.middle_xhat + t * D, tail.middle_gamma, tail.middle_rstd[t]};
  }
  __device__ __forceinline__ TailNorm out() const { return {tail.out_xhat + t * D, tail.out_gamma, tail.out_rstd[t]}; }

  // The loss gradient's tangent along h_dot, in its place; sampled_bce_jvp says how.
  __device__ __forceinline__ void loss_jvp(float* h_dot) const {
    const float* positive = tail.table + int64_t{tail.positives[t]} * D;
    const float* negative = tail.table + int64_t{tail.negatives[t]} * D;
    const float* h = tail.hidden + t * D;
    float p = 0.0f, n = 0.0f, p_dot = 0.0f, n_dot = 0.0f;
    for (int d = lane_of_thread(); d < D; d += kWarp) {
      p = fmaf(positive[d], h[d], p);
      n = fmaf(negative[d], h[d], n);
      p_dot = fmaf(positive[d], h_dot[d], p_dot);
      n_dot = fmaf(negative[d], h_dot[d], n_dot);
    }
    const float slope_p = slope(warp_sum(p)) * warp_sum(p_dot), slope_n = slope(warp_sum(n)) * warp_sum(n_dot);
    for (int d = lane_of_thread(); d < D; d += kWarp) h_dot[d] = fmaf(slope_p, positive[d], slope_n * negative[d]);
  }

 private:
  // w * sigmoid'(x)
  __device__ __forceinline__ float slope(float x) const {
    const float e = exp_of_minus_abs(x);
    return tail.w[t] * (sigmoid(x, e) * sigmoid(-x, e));
  }
};

// The block's rows of four buffers, and what a tangent does with them.
template <int kRows>
class TailBlock {
 public:
  // `buffers` holds tail_floats(D, kRows); `first_row` and `rows`, at most kRows and perhaps none, are of this warp.
  __device__ __forceinline__ TailBlock(const DenseTail& tail, int D, int64_t first_row, int rows, float* buffers,
                                       float* panel)
      : s_dot(buffer(buffers, 0, D), D),
        carried(buffer(buffers, 1, D), D),
        lower(buffer(buffers, 2, D), D),
        upper(buffer(buffers, 3, D), D),
        product(D, rows, panel),
        tail_(tail),
        D_(D),
        first_row_(first_row),
        rows_(rows) {
    const int beyond = D + lane_of_thread();
    if (beyond >= tail_stride(D)) return;
    for (int r = 0; r < rows; ++r) s_dot(r)[beyond] = carried(r)[beyond] = lower(r)[beyond] = upper(r)[beyond] = 0.0f;
  }

  // From tangents in s_dot, out(r, d, element d of M s_dot) for the warp's row r. All threads of the block must call
  // it.
  template <class Out>
  __device__ __forceinline__ void tangent(bool gauss_newton, Out out) const {
    for_rows([&](int r, const TailRow& row) {
      row.middle().forward_jvp(D_, s_dot(r), [&](int d, float value) { carried(r)[d] = value; });
    });
    product.template operator()<false>(carried, tail_.first_weight, [&](int r, int o, float value) {
      lower(r)[o] = masked(tail_.first, r, o, value);
    });
    product.template operator()<false>(lower, tail_.second_weight, [&](int r, int o, float value) {
      carried(r)[o] += masked(tail_.second, r, o, value);
    });
    for_rows([&](int r, const TailRow& row) {
      row.out().forward_jvp(D_, carried(r), [&](int d, float value) { lower(r)[d] = value; });
      row.loss_jvp(lower(r));
      const auto back = [&](int d, float value) {
        carried(r)[d] = value;
        lower(r)[d] = masked(tail_.second, r, d, value);
      };
      if (gauss_newton) {
        row.out().backward(D_, lower(r), back);
      } else {
        row.out().backward_jvp(D_, carried(r), tail_.dhidden + row.t * D_, lower(r), back);
      }
    });
    product.template operator()<true>(
        lower, tail_.second_weight, [&](int r, int o, float value) { upper(r)[o] = masked(tail_.first, r, o, value); });
    product.template operator()<true>(upper, tail_.first_weight,
                                      [&](int r, int o, float value) { carried(r)[o] += value; });
    for_rows([&](int r, const TailRow& row) {
      const auto give = [&](int d, float value) { out(r, d, value); };
      if (gauss_newton) {
        row.middle().backward(D_, carried(r), give);
      } else {
        row.middle().backward_jvp(D_, s_dot(r), tail_.dmiddle + row.t * D_, carried(r), give);
      }
    });
  }

  // body(r, d) for the warp's elements
  template <class Body>
  __device__ __forceinline__ void for_elements(Body body) const {
    for (int r = 0; r < rows_; ++r) {
      for (int d = lane_of_thread(); d < D_; d += kWarp) body(r, d);
    }
  }

  const WarpRows<kRows> s_dot, carried, lower, upper;
  const TailProduct<kRows> product;

 private:
  __device__ static __forceinline__ float* buffer(float* buffers, int number, int D) {
    return buffers + int64_t{number} * kTailWarps * kRows * tail_stride(D);
  }

  template <class Body>
  __device__ __forceinline__ void for_rows(Body body) const {
    for (int r = 0; r < rows_; ++r) body(r, TailRow{tail_, first_row_ + r, D_});
  }

  // value where the activation of row r is positive: not multiplied, since a NaN must stay behind the mask
  __device__ __forceinline__ float masked(const float* activation, int r, int d, float value) const {
    return activation[(first_row_ + r) * D_ + d] > 0.0f ? value : 0.0f;
  }

  const DenseTail& tail_;
  int D_;
  int64_t first_row_;
  int rows_;
};

// How a launch divides T rows: blocks, and the memory of each, shared where it fits beside the panel.
constexpr int64_t kMostTailShared = 48 * 1024 - int64_t{kPanelDepth} * kPanelRow * sizeof(float);

__host__ __device__ constexpr int64_t tail_floats(int D, int rows) {
  return int64_t{kTailBuffers} * kTailWarps * rows * tail_stride(D);
}
constexpr bool tail_fits(int D, int rows) { return tail_floats(D, rows) * int64_t{sizeof(float)} <= kMostTailShared; }

template <int kRows, bool kShared>
struct TailLayout {
  static constexpr int kWarpRows = kRows;
  static constexpr int64_t kBlockRows = int64_t{kTailWarps} * kRows;
  static int64_t blocks(int64_t T) { return (T + kBlockRows - 1) / kBlockRows; }

  // Of the device, for all blocks.
  static int64_t scratch_floats(int64_t blocks, int D) { return kShared ? 0 : blocks * tail_floats(D, kRows); }
  static LaunchShape shape(int64_t blocks, int D, cudaStream_t stream) {
    const size_t shared_bytes = kShared ? static_cast<size_t>(tail_floats(D, kRows)) * sizeof(float) : 0;
    return {dim3(static_cast<unsigned>(blocks)), dim3(kTailWarps * kWarp), shared_bytes, stream};
  }

  // A block's buffers.
  __device__ static __forceinline__ float* buffers(int D, float* scratch) {
    if constexpr (kShared) {
      SharedCarve carve;
      return carve.take<float>(static_cast<size_t>(tail_floats(D, kRows)));
    } else {
      return scratch + blockIdx.x * tail_floats(D, kRows);
    }
  }

  // The first row of the warp in the tile of rows, and how many there are.
  __device__ static __forceinline__ int64_t first_row(int64_t tile) {
    return tile * kBlockRows + int64_t{threadIdx.x / kWarp} * kRows;
  }
  __device__ static __forceinline__ int rows(int64_t T, int64_t tile) {
    const int64_t left = T - first_row(tile);
    return left <= 0 ? 0 : static_cast<int>(min(left, int64_t{kRows}));
  }
};

// body(layout) with the layout of most rows a block whose buffers fit
template <class Body>
void for_tail_layout(int D, Body body) {
  if (tail_fits(D, 4)) return body(TailLayout<4, true>{});
  if (tail_fits(D, 2)) return body(TailLayout<2, true>{});
  if (tail_fits(D, 1)) return body(TailLayout<1, true>{});
  body(TailLayout<1, false>{});
}

}  // namespace coppice
