// SPDX-License-Identifier: Apache-2.0
#include "attention.cuh"

namespace coppice {
namespace {

struct Dual {
  const float *value, *dot;
};

struct GradientDuals {
  Dual q, k, v, out, lse, dout;
  float *dq_dot, *dk_dot, *dv_dot;
};

// dout[i].out[i] and its tangent, in one thread.
__device__ __forceinline__ float2 slope_of(const HeadPlace& place, const GradientDuals& x, int H, int h, int C,
                                           int64_t i) {
  const int64_t at = ((place.first + i) * H + h) * C;
  float value = 0.0f, tangent = 0.0f;
  for (int c = 0; c < C; ++c) {
    value = fmaf(x.out.value[at + c], x.dout.value[at + c], value);
    tangent = fmaf(x.out.value[at + c], x.dout.dot[at + c], tangent);
    tangent = fmaf(x.out.dot[at + c], x.dout.value[at + c], tangent);
  }
  return make_float2(value, tangent);
}

// P, dS and their tangents of one pair.
struct PairTangents {
  float p, p_dot, change, change_dot;
};

__device__ __forceinline__ PairTangents pair_tangents(float scale, float score, float score_dot, float2 lse, float d,
                                                      float d_dot, float2 slope) {
  const float p = expf(scale * score - lse.x), p_dot = p * (scale * score_dot - lse.y);
  const float rest = d - slope.x, rest_dot = d_dot - slope.y;
  return {p, p_dot, scale * (p * rest), scale * fmaf(p_dot, rest, p * rest_dot)};
}

/// The tangent of the query gradient of attention_backward without dropout.
///
///   P_dot = P (a_dot - lse_dot);  d[i,j] = dout[i].v[j] - dout[i].out[i], d_dot its tangent;
///   dS = P d, dS_dot = P_dot d + P d_dot;  dq_dot[i] = scale sum_j dS_dot k[j] + dS k_dot[j]
///
/// Shapes   as in coppice.h; any C up to 256.
/// Numbers  every sum is a chain: |error| <= (6 C max|a|(|inputs|) + 4 C + 2 n + 60) * 2^-24 * dq_dot(|inputs|) with +
///          for -. A row depends on its own sample up to itself only. NaN in gives NaN.
/// Launch   blocks for each sample and query head; see attention.cuh.
/// Cost     8 C multiply-adds and an exponential for each pair i, j.
/// Source   the derivative of attention_backward; Pearlmutter 1994, doi:10.1162/neco.1994.6.1.147
template <class Size>
__global__ void query_tangent_kernel(AttentionShape a, GradientDuals x) {
  AttentionMemory<Size> memory(a.C);
  float *q_rows = memory.rows(), *q_dots = memory.rows(), *dout_rows = memory.rows(), *dout_dots = memory.rows();
  float *changes = memory.weights(), *tangents = memory.weights(), *tile = memory.tile;
  const HeadPlace place(a, false);
  const int n = place.n, C = a.C, lane = lane_of_thread(), h = place.head, group = h / (a.H / a.G);

  for (int first = static_cast<int>(blockIdx.y) * Size::kTileRows; first < n;
       first += static_cast<int>(gridDim.y) * Size::kTileRows) {
    const int start = first + warp_of_thread() * Size::kRows;
    load_rows<Size>(place.rows(x.q.value, a.H, h, C), start, n, C, q_rows);
    load_rows<Size>(place.rows(x.q.dot, a.H, h, C), start, n, C, q_dots);
    load_rows<Size>(place.rows(x.dout.value, a.H, h, C), start, n, C, dout_rows);
    load_rows<Size>(place.rows(x.dout.dot, a.H, h, C), start, n, C, dout_dots);
    float2 lse[Size::kRows], slope[Size::kRows];
    float sums[Size::kRows][Size::kSlots] = {};
    for (int r = 0; r < Size::kRows; ++r) {
      const int64_t i = start + r, at = (place.first + i) * a.H + h;
      lse[r] = i < n ? make_float2(x.lse.value[at], x.lse.dot[at]) : make_float2(0.0f, 0.0f);
      slope[r] = i < n ? slope_of(place, x, a.H, h, C, i) : make_float2(0.0f, 0.0f);
    }
    for (int k0 = 0; k0 < min(first + Size::kTileRows, n); k0 += kKeys) {
      const auto meets = [=](int r, int j) { return k0 + j <= start + r && start + r < n; };
      float score[Size::kRows] = {}, score_dot[Size::kRows] = {}, d[Size::kRows] = {}, d_dot[Size::kRows] = {};
      load_tile(place.rows(x.v.value, a.G, group, C), k0, n, C, tile);
      add_dots<Size>(dout_rows, tile, C, d);
      add_dots<Size>(dout_dots, tile, C, d_dot);
      load_tile(place.rows(x.v.dot, a.G, group, C), k0, n, C, tile);
      add_dots<Size>(dout_rows, tile, C, d_dot);
      load_tile(place.rows(x.k.value, a.G, group, C), k0, n, C, tile);
      add_dots<Size>(q_rows, tile, C, score);
      add_dots<Size>(q_dots, tile, C, score_dot);
      load_tile(place.rows(x.k.dot, a.G, group, C), k0, n, C, tile);
      add_dots<Size>(q_rows, tile, C, score_dot);
      GPU_UNROLL
      for (int r = 0; r < Size::kRows; ++r) {
        const PairTangents pair = pair_tangents(a.scale, score[r], score_dot[r], lse[r], d[r], d_dot[r], slope[r]);
        score[r] = meets(r, lane) ? pair.change : 0.0f;
        score_dot[r] = meets(r, lane) ? pair.change_dot : 0.0f;
      }
      share<Size>(score, changes);
      share<Size>(score_dot, tangents);
      add_weighted<Size>(changes, tile, C, meets, sums);
      load_tile(place.rows(x.k.value, a.G, group, C), k0, n, C, tile);
      add_weighted<Size>(tangents, tile, C, meets, sums);
    }
    float* to = x.dq_dot + (place.first * a.H + h) * C;
    store_rows<Size>(sums, start, n, C, to, int64_t{a.H} * C, [](int) { return 1.0f; });
  }
}

/// The tangents of the key and value gradients of attention_backward without dropout.
///
///   dv_dot[j] = sum_i P_dot dout[i] + P dout_dot[i];  dk_dot[j] = scale sum_i dS_dot q[i] + dS q_dot[i]; both summed
///   over the group's query heads
///
/// Shapes   as in coppice.h; any C up to 256.
/// Numbers  chains over the heads of the group in order and then over positions in order: |error| <= (6 C
///          max|a|(|inputs|) + 4 C + 2 n H/G + 60) * 2^-24 * the result of |inputs| with + for -. A sample depends on
///          itself only. NaN in gives NaN.
/// Launch   blocks for each sample and key/value head; see attention.cuh.
/// Cost     10 C multiply-adds and an exponential for each pair i, j.
/// Source   the derivative of attention_backward; Pearlmutter 1994, doi:10.1162/neco.1994.6.1.147
template <class Size>
__global__ void key_tangent_kernel(AttentionShape a, GradientDuals x) {
  AttentionMemory<Size> memory(a.C);
  float *k_rows = memory.rows(), *k_dots = memory.rows(), *v_rows = memory.rows(), *v_dots = memory.rows();
  float *weights = memory.weights(), *weight_dots = memory.weights(), *changes = memory.weights();
  float *change_dots = memory.weights(), *tile = memory.tile;
  const HeadPlace place(a, true);
  const int n = place.n, C = a.C, lane = lane_of_thread(), heads = a.H / a.G;

  for (int first = static_cast<int>(blockIdx.y) * Size::kTileRows; first < n;
       first += static_cast<int>(gridDim.y) * Size::kTileRows) {
    const int start = first + warp_of_thread() * Size::kRows;
    load_rows<Size>(place.rows(x.k.value, a.G, place.head, C), start, n, C, k_rows);
    load_rows<Size>(place.rows(x.k.dot, a.G, place.head, C), start, n, C, k_dots);
    load_rows<Size>(place.rows(x.v.value, a.G, place.head, C), start, n, C, v_rows);
    load_rows<Size>(place.rows(x.v.dot, a.G, place.head, C), start, n, C, v_dots);
    float dk[Size::kRows][Size::kSlots] = {}, dv[Size::kRows][Size::kSlots] = {};
    for (int h = place.head * heads; h < (place.head + 1) * heads; ++h) {
      for (int i0 = first / kKeys * kKeys; i0 < n; i0 += kKeys) {
        const auto meets = [=](int r, int i) { return i0 + i >= start + r && i0 + i < n; };
        const auto load = [&](const float* tensor) { load_tile(place.rows(tensor, a.H, h, C), i0, n, C, tile); };
        float score[Size::kRows] = {}, score_dot[Size::kRows] = {}, d[Size::kRows] = {}, d_dot[Size::kRows] = {};
        load(x.q.value);
        add_dots<Size>(k_rows, tile, C, score);
        add_dots<Size>(k_dots, tile, C, score_dot);
        load(x.q.dot);
        add_dots<Size>(k_rows, tile, C, score_dot);
        load(x.dout.value);
        add_dots<Size>(v_rows, tile, C, d);
        add_dots<Size>(v_dots, tile, C, d_dot);
        load(x.dout.dot);
        add_dots<Size>(v_rows, tile, C, d_dot);
        const int64_t i = i0 + lane, at = (place.first + i) * a.H + h;
        const float2 lse = i < n ? make_float2(x.lse.value[at], x.lse.dot[at]) : make_float2(0.0f, 0.0f);
        const float2 slope = i < n ? slope_of(place, x, a.H, h, C, i) : make_float2(0.0f, 0.0f);
        float change[Size::kRows], change_dot[Size::kRows];
        GPU_UNROLL
        for (int r = 0; r < Size::kRows; ++r) {
          const PairTangents pair = pair_tangents(a.scale, score[r], score_dot[r], lse, d[r], d_dot[r], slope);
          const bool inside = meets(r, lane);
          score[r] = inside ? pair.p : 0.0f;
          score_dot[r] = inside ? pair.p_dot : 0.0f;
          change[r] = inside ? pair.change : 0.0f;
          change_dot[r] = inside ? pair.change_dot : 0.0f;
        }
        share<Size>(score, weights);
        share<Size>(score_dot, weight_dots);
        share<Size>(change, changes);
        share<Size>(change_dot, change_dots);
        add_weighted<Size>(weights, tile, C, meets, dv);
        load(x.dout.value);
        add_weighted<Size>(weight_dots, tile, C, meets, dv);
        load(x.q.value);
        add_weighted<Size>(change_dots, tile, C, meets, dk);
        load(x.q.dot);
        add_weighted<Size>(changes, tile, C, meets, dk);
      }
    }
    const int64_t to = (place.first * a.G + place.head) * C, stride = int64_t{a.G} * C;
    store_rows<Size>(dv, start, n, C, x.dv_dot + to, stride, [](int) { return 1.0f; });
    store_rows<Size>(dk, start, n, C, x.dk_dot + to, stride, [](int) { return 1.0f; });
  }
}

}  // namespace

void CudaDevice::attention_backward_jvp(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets,
                                        const float* q, const float* k, const float* v, const float* q_dot,
                                        const float* k_dot, const float* v_dot, const float* out, const float* out_dot,
                                        const float* lse, const float* lse_dot, const float* dout,
                                        const float* dout_dot, float scale, float* dq_dot, float* dk_dot,
                                        float* dv_dot) {
  if (B == 0 || H == 0) return;
  const AttentionShape a{B, H, G, C, offsets, scale};
  const GradientDuals x{{q, q_dot},       {k, k_dot}, {v, v_dot}, {out, out_dot}, {lse, lse_dot},
                        {dout, dout_dot}, dq_dot,     dk_dot,     dv_dot};
  COP_ATTENTION(C, Size, {
    COP_LAUNCH(query_tangent_kernel<Size>, attention_launch<Size>(a, H, 4, 2, stream_), a, x);
    COP_LAUNCH(key_tangent_kernel<Size>, attention_launch<Size>(a, G, 4, 4, stream_), a, x);
  });
}

}  // namespace coppice
