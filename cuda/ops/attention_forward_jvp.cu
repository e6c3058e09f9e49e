// SPDX-License-Identifier: Apache-2.0
#include "attention.cuh"

namespace coppice {
namespace {

struct AttentionDuals {
  const float *q, *k, *v, *q_dot, *k_dot, *v_dot, *out, *lse;
  float *out_dot, *lse_dot;
};

/// The tangent of attention_forward without dropout.
///
///   a_dot[i,j] = scale * (q_dot[i].k[j] + q[i].k_dot[j]);  lse_dot[i] = sum_j P[i,j] a_dot[i,j];
///   out_dot[i] = sum_j (P[i,j] a_dot[i,j] v[j] + P[i,j] v_dot[j]) - lse_dot[i] out[i]
///
/// Shapes   as in coppice.h; any C up to 256.
/// Numbers  P is formed again from lse; sums over channels and positions are chains: |error| <= (4 C max|a|(|inputs|) +
///          4 i + 40) * 2^-24 * out_dot(|inputs|), with + for -. A row depends on its own sample up to itself only. NaN
///          in gives NaN.
/// Launch   blocks for each sample and query head; see attention.cuh.
/// Cost     5 C multiply-adds and an exponential for each pair i, j.
/// Source   the derivative of attention_forward; Pearlmutter 1994, doi:10.1162/neco.1994.6.1.147
template <class Size>
__global__ void attention_jvp_kernel(AttentionShape a, AttentionDuals x) {
  AttentionMemory<Size> memory(a.C);
  float *q_rows = memory.rows(), *dot_rows = memory.rows(), *tile = memory.tile;
  float *weights = memory.weights(), *tangents = memory.weights();
  const HeadPlace place(a, false);
  const int n = place.n, C = a.C, lane = lane_of_thread(), group = place.head / (a.H / a.G);
  const HeadRows outs = place.rows(x.out, a.H, place.head, C);

  for (int first = static_cast<int>(blockIdx.y) * Size::kTileRows; first < n;
       first += static_cast<int>(gridDim.y) * Size::kTileRows) {
    const int start = first + warp_of_thread() * Size::kRows;
    load_rows<Size>(place.rows(x.q, a.H, place.head, C), start, n, C, q_rows);
    load_rows<Size>(place.rows(x.q_dot, a.H, place.head, C), start, n, C, dot_rows);
    float lse[Size::kRows], lse_dot[Size::kRows] = {}, sums[Size::kRows][Size::kSlots] = {};
    for (int r = 0; r < Size::kRows; ++r) {
      lse[r] = start + r < n ? x.lse[(place.first + start + r) * a.H + place.head] : 0.0f;
    }
    for (int k0 = 0; k0 < min(first + Size::kTileRows, n); k0 += kKeys) {
      const auto meets = [=](int r, int j) { return k0 + j <= start + r && start + r < n; };
      float score[Size::kRows] = {}, tangent[Size::kRows] = {};
      load_tile(place.rows(x.k, a.G, group, C), k0, n, C, tile);
      add_dots<Size>(q_rows, tile, C, score);
      add_dots<Size>(dot_rows, tile, C, tangent);
      load_tile(place.rows(x.k_dot, a.G, group, C), k0, n, C, tile);
      add_dots<Size>(q_rows, tile, C, tangent);
      GPU_UNROLL
      for (int r = 0; r < Size::kRows; ++r) {
        score[r] = meets(r, lane) ? expf(a.scale * score[r] - lse[r]) : 0.0f;
        tangent[r] = meets(r, lane) ? score[r] * (a.scale * tangent[r]) : 0.0f;
        lse_dot[r] += tangent[r];  // this lane's part
      }
      share<Size>(score, weights);
      share<Size>(tangent, tangents);
      load_tile(place.rows(x.v, a.G, group, C), k0, n, C, tile);
      add_weighted<Size>(tangents, tile, C, meets, sums);
      load_tile(place.rows(x.v_dot, a.G, group, C), k0, n, C, tile);
      add_weighted<Size>(weights, tile, C, meets, sums);
    }
    float* to = x.out_dot + (place.first * a.H + place.head) * C;
    GPU_UNROLL
    for (int r = 0; r < Size::kRows; ++r) {
      lse_dot[r] = warp_sum(lse_dot[r]);
      const int64_t i = start + r;
      if (lane == 0 && i < n) x.lse_dot[(place.first + i) * a.H + place.head] = lse_dot[r];
      GPU_UNROLL
      for (int slot = 0; slot < Size::kSlots; ++slot) {
        const int c = lane + slot * kWarp;
        if (i < n && c < C) sums[r][slot] = fmaf(-lse_dot[r], outs.data[i * outs.stride + c], sums[r][slot]);
      }
    }
    store_rows<Size>(sums, start, n, C, to, int64_t{a.H} * C, [](int) { return 1.0f; });
  }
}

}  // namespace

void CudaDevice::attention_forward_jvp(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets,
                                       const float* q, const float* k, const float* v, const float* q_dot,
                                       const float* k_dot, const float* v_dot, const float* out, const float* lse,
                                       float scale, float* out_dot, float* lse_dot) {
  if (B == 0 || H == 0) return;
  const AttentionShape a{B, H, G, C, offsets, scale};
  const AttentionDuals x{q, k, v, q_dot, k_dot, v_dot, out, lse, out_dot, lse_dot};
  COP_ATTENTION(C, Size, COP_LAUNCH(attention_jvp_kernel<Size>, attention_launch<Size>(a, H, 2, 2, stream_), a, x));
}

}  // namespace coppice
