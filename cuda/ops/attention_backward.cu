// SPDX-License-Identifier: Apache-2.0
#include "attention.cuh"

namespace coppice {
namespace {

struct AttentionTensors {
  const float *q, *k, *v, *out, *lse, *dout;
  DropoutMask mask;
  const int32_t* triangles;
  float *dq, *dk, *dv;
};

// dout[i].out[i] of a position, in one thread
__device__ __forceinline__ float slope_of(const float* dout, const float* out, int C) {
  float slope = 0.0f;
  for (int c = 0; c < C; ++c) slope = fmaf(dout[c], out[c], slope);
  return slope;
}

/// The gradient of attention_forward with respect to the queries; the probabilities are formed again from lse.
///
///   dS[i,j] = P[i,j] (drop(dout[i].v[j]) - dout[i].out[i]) (1 - (a[i,j]/cap)^2);  dq[i] = scale sum_j dS[i,j] k[j]
///
/// Shapes   as in coppice.h; any C up to 256.
/// Numbers  every sum over channels or positions is a chain: |error| <= (2 C max|a|(|q|,|k|) + 2 C + n + 30) * 2^-24 *
///          dq(|inputs|) with + for -. A row depends on its own sample up to itself only. NaN in gives NaN.
/// Launch   blocks for each sample and query head; see attention.cuh.
/// Cost     3 C multiply-adds and an exponential for each pair i, j.
/// Source   Dao et al. 2022, arXiv:2205.14135, appendix B.2.
template <class Size>
__global__ void query_gradient_kernel(AttentionShape a, AttentionTensors x) {
  AttentionMemory<Size> memory(a.C);
  float *q_rows = memory.rows(), *dout_rows = memory.rows(), *weights = memory.weights(), *tile = memory.tile;
  const HeadPlace place(a, false);
  const int n = place.n, C = a.C, lane = lane_of_thread(), group = place.head / (a.H / a.G);
  const HeadRows queries = place.rows(x.q, a.H, place.head, C), douts = place.rows(x.dout, a.H, place.head, C);
  const HeadRows outs = place.rows(x.out, a.H, place.head, C);
  const HeadRows keys = place.rows(x.k, a.G, group, C), values = place.rows(x.v, a.G, group, C);
  x.mask.site += 65536u * static_cast<uint32_t>(place.head);
  const int32_t triangle = x.triangles == nullptr ? 0 : x.triangles[place.b];

  for (int first = static_cast<int>(blockIdx.y) * Size::kTileRows; first < n;
       first += static_cast<int>(gridDim.y) * Size::kTileRows) {
    const int start = first + warp_of_thread() * Size::kRows;
    load_rows<Size>(queries, start, n, C, q_rows);
    load_rows<Size>(douts, start, n, C, dout_rows);
    float lse[Size::kRows], slope[Size::kRows], sums[Size::kRows][Size::kSlots] = {};
    for (int r = 0; r < Size::kRows; ++r) {
      const int64_t i = start + r;
      lse[r] = i < n ? x.lse[(place.first + i) * a.H + place.head] : 0.0f;
      slope[r] = i < n ? slope_of(douts.data + i * douts.stride, outs.data + i * outs.stride, C) : 0.0f;
    }
    for (int k0 = 0; k0 < min(first + Size::kTileRows, n); k0 += kKeys) {
      float score[Size::kRows] = {}, change[Size::kRows] = {};
      load_tile(values, k0, n, C, tile);
      add_dots<Size>(dout_rows, tile, C, change);
      load_tile(keys, k0, n, C, tile);
      add_dots<Size>(q_rows, tile, C, score);
      GPU_UNROLL
      for (int r = 0; r < Size::kRows; ++r) {
        const bool meets = a.meets(start + r, k0 + lane) && start + r < n;
        const float kept = x.mask.apply(change[r], pair_number(triangle, start + r, k0 + lane));
        const float capped = a.score(score[r]);
        change[r] = meets ? a.scale * (expf(capped - lse[r]) * (kept - slope[r])) * a.cap.slope(capped) : 0.0f;
      }
      share<Size>(change, weights);
      add_weighted<Size>(
          weights, tile, C, [=](int r, int j) { return a.meets(start + r, k0 + j); }, sums);
    }
    float* to = x.dq + (place.first * a.H + place.head) * C;
    store_rows<Size>(sums, start, n, C, to, int64_t{a.H} * C, [](int) { return 1.0f; });
  }
}

/// The gradients of attention_forward with respect to the keys and values.
///
///   dv[j] = sum_i drop(P)[i,j] dout[i];  dk[j] = scale sum_i dS[i,j] q[i];  both summed over the group's query heads
///
/// Shapes   as in coppice.h; without kFull only dv.
/// Numbers  chains over the heads of the group in order and then over positions in order: |error| <= (2 C
///          max|a|(|q|,|k|) + 2 C + n H/G + 30) * 2^-24 * the result of |inputs| with + for -. A sample depends on
///          itself only. NaN in gives NaN.
/// Launch   blocks for each sample and key/value head; see attention.cuh.
/// Cost     for each pair i, j 2 C multiply-adds and an exponential for dv alone, 4 C for both.
/// Source   Dao et al. 2022, arXiv:2205.14135, appendix B.2.
template <class Size, bool kFull>
__global__ void key_gradient_kernel(AttentionShape a, AttentionTensors x) {
  AttentionMemory<Size> memory(a.C);
  float *k_rows = memory.rows(), *v_rows = memory.rows(), *weights = memory.weights(), *tile = memory.tile;
  float* changes = memory.weights();
  const HeadPlace place(a, true);
  const int n = place.n, C = a.C, lane = lane_of_thread(), heads = a.H / a.G;
  const HeadRows keys = place.rows(x.k, a.G, place.head, C), values = place.rows(x.v, a.G, place.head, C);
  const int32_t triangle = x.triangles == nullptr ? 0 : x.triangles[place.b];

  for (int first = static_cast<int>(blockIdx.y) * Size::kTileRows; first < n;
       first += static_cast<int>(gridDim.y) * Size::kTileRows) {
    const int start = first + warp_of_thread() * Size::kRows;
    load_rows<Size>(keys, start, n, C, k_rows);
    if (kFull) load_rows<Size>(values, start, n, C, v_rows);
    float dk[Size::kRows][Size::kSlots] = {}, dv[Size::kRows][Size::kSlots] = {};
    for (int h = place.head * heads; h < (place.head + 1) * heads; ++h) {
      const HeadRows queries = place.rows(x.q, a.H, h, C), douts = place.rows(x.dout, a.H, h, C);
      const HeadRows outs = place.rows(x.out, a.H, h, C);
      DropoutMask mask = x.mask;
      mask.site += 65536u * static_cast<uint32_t>(h);
      for (int i0 = first / kKeys * kKeys; i0 < n; i0 += kKeys) {
        const auto meets = [=](int r, int i) { return a.meets(i0 + i, start + r) && i0 + i < n; };
        const int64_t i = i0 + lane;
        const float lse = i < n ? x.lse[(place.first + i) * a.H + h] : 0.0f;
        float score[Size::kRows] = {}, change[Size::kRows] = {};
        load_tile(queries, i0, n, C, tile);
        add_dots<Size>(k_rows, tile, C, score);
        load_tile(douts, i0, n, C, tile);
        float slope = 0.0f;
        if (kFull) {
          add_dots<Size>(v_rows, tile, C, change);
          if (i < n) slope = slope_of(tile + lane * (C + 1), outs.data + i * outs.stride, C);
        }
        GPU_UNROLL
        for (int r = 0; r < Size::kRows; ++r) {
          const uint32_t pair = pair_number(triangle, i0 + lane, start + r);
          const float capped = a.score(score[r]), probability = expf(capped - lse);
          score[r] = meets(r, lane) ? mask.apply(probability, pair) : 0.0f;
          if (kFull) {
            const float dscore = a.scale * (probability * (mask.apply(change[r], pair) - slope));
            change[r] = meets(r, lane) ? dscore * a.cap.slope(capped) : 0.0f;
          }
        }
        share<Size>(score, weights);
        add_weighted<Size>(weights, tile, C, meets, dv);
        if (kFull) {
          share<Size>(change, changes);
          load_tile(queries, i0, n, C, tile);
          add_weighted<Size>(changes, tile, C, meets, dk);
        }
      }
    }
    const int64_t at = (place.first * a.G + place.head) * C, stride = int64_t{a.G} * C;
    store_rows<Size>(dv, start, n, C, x.dv + at, stride, [](int) { return 1.0f; });
    if (kFull) store_rows<Size>(dk, start, n, C, x.dk + at, stride, [](int) { return 1.0f; });
  }
}

}  // namespace

void CudaDevice::attention_backward(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                                    const float* k, const float* v, const float* out, const float* lse,
                                    const float* dout, float scale, float cap, int32_t window, float p, int64_t seed,
                                    int32_t step, int32_t site, const int32_t* triangles, float* dq, float* dk,
                                    float* dv) {
  if (B == 0 || H == 0) return;
  const AttentionShape a{B, H, G, C, offsets, scale, {cap}, window};
  const AttentionTensors x{q, k, v, out, lse, dout, mask(p, seed, step, site, 0), triangles, dq, dk, dv};
  if (step_ != nullptr) {
    const int64_t of_groups = int64_t{G} * C;
    if (dq == nullptr) {
      clear_uncounted<1>(rows(step_rows_), {{dv}, {of_groups}}, stream_);
    } else {
      clear_uncounted<3>(rows(step_rows_), {{dq, dk, dv}, {int64_t{H} * C, of_groups, of_groups}}, stream_);
    }
  }
  if (dq == nullptr) {
    COP_ATTENTION(C, Size,
                  COP_LAUNCH((key_gradient_kernel<Size, false>), attention_launch<Size>(a, G, 2, 2, stream_), a, x));
    return;
  }
  COP_ATTENTION(C, Size, {
    COP_LAUNCH(query_gradient_kernel<Size>, attention_launch<Size>(a, H, 2, 1, stream_), a, x);
    COP_LAUNCH((key_gradient_kernel<Size, true>), attention_launch<Size>(a, G, 2, 2, stream_), a, x);
  });
}

}  // namespace coppice
