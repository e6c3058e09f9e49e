// SPDX-License-Identifier: Apache-2.0
#include "attention.cuh"

namespace coppice {
namespace {

/// Causal attention of packed samples, in a window, with capped scores.
///
///   a[i,j] = capped(scale * q[i,h,:].k[j,g,:]), i - window < j <= i;  lse[i,h] = log sum_j exp(a[i,j]);  P = exp(a -
///   lse); out[i,h,:] = sum_j drop(P)[i,j] v[j,g,:]
///
/// Shapes   as in coppice.h; any C up to 256.
/// Numbers  the exponentials are taken after the largest score so far, and what was summed before is scaled when it
///          grows: |error| <= (2 C max|a|(|q|,|k|) + 2 i + 4 ceil(i/32) + 20) * 2^-24 * out(|v|). A row depends on the
///          rows of its own sample up to itself only, bit for bit. NaN in gives NaN in the rows that see it.
/// Launch   blocks for each sample and query head; see attention.cuh.
/// Cost     2 C multiply-adds and an exponential for each pair i, j; keys and values are read n/kTileRows times.
/// Source   Dao et al. 2022, arXiv:2205.14135, algorithm 1; GQA: arXiv:2305.13245.
template <class Size>
__global__ void attention_kernel(AttentionShape a, const float* __restrict__ q, const float* __restrict__ k,
                                 const float* __restrict__ v, DropoutMask mask, const int32_t* __restrict__ triangles,
                                 float* __restrict__ out, float* __restrict__ lse) {
  AttentionMemory<Size> memory(a.C);
  float *rows = memory.rows(), *weights = memory.weights(), *tile = memory.tile;
  const HeadPlace place(a, false);
  const int n = place.n, C = a.C, lane = lane_of_thread(), group = place.head / (a.H / a.G);
  const HeadRows queries = place.rows(q, a.H, place.head, C);
  const HeadRows keys = place.rows(k, a.G, group, C), values = place.rows(v, a.G, group, C);
  mask.site += 65536u * static_cast<uint32_t>(place.head);
  const int32_t triangle = triangles == nullptr ? 0 : triangles[place.b];

  for (int first = static_cast<int>(blockIdx.y) * Size::kTileRows; first < n;
       first += static_cast<int>(gridDim.y) * Size::kTileRows) {
    const int start = first + warp_of_thread() * Size::kRows;  // this warp's rows
    load_rows<Size>(queries, start, n, C, rows);
    float largest[Size::kRows], total[Size::kRows], sums[Size::kRows][Size::kSlots] = {};
    for (int r = 0; r < Size::kRows; ++r) {
      largest[r] = -INFINITY;
      total[r] = 0.0f;  // this lane's part
    }
    for (int k0 = 0; k0 < min(first + Size::kTileRows, n); k0 += kKeys) {
      load_tile(keys, k0, n, C, tile);
      float score[Size::kRows] = {};
      add_dots<Size>(rows, tile, C, score);
      GPU_UNROLL
      for (int r = 0; r < Size::kRows; ++r) {
        const bool meets = a.meets(start + r, k0 + lane) && start + r < n;
        score[r] = meets ? a.score(score[r]) : -INFINITY;
        const float before = largest[r];
        largest[r] = fmaxf(before, warp_max(score[r]));
        const float shrink = before == largest[r] ? 1.0f : expf(before - largest[r]);  // both -inf before the window
        const float weight = meets ? expf(score[r] - largest[r]) : 0.0f;
        total[r] = fmaf(total[r], shrink, weight);
        GPU_UNROLL
        for (int slot = 0; slot < Size::kSlots; ++slot) sums[r][slot] *= shrink;
        score[r] = meets ? mask.apply(weight, pair_number(triangle, start + r, k0 + lane)) : 0.0f;
      }
      share<Size>(score, weights);
      load_tile(values, k0, n, C, tile);
      add_weighted<Size>(
          weights, tile, C, [=](int r, int j) { return a.meets(start + r, k0 + j); }, sums);
    }
    GPU_UNROLL
    for (int r = 0; r < Size::kRows; ++r) {
      total[r] = warp_sum(total[r]);
      if (lane == 0 && start + r < n) {
        lse[(place.first + start + r) * a.H + place.head] = largest[r] + logf(total[r]);
      }
    }
    float* to = out + (place.first * a.H + place.head) * C;
    store_rows<Size>(sums, start, n, C, to, int64_t{a.H} * C, [&](int r) { return 1.0f / total[r]; });
  }
}

}  // namespace

void CudaDevice::attention_forward(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                                   const float* k, const float* v, float scale, float cap, int32_t window, float p,
                                   int64_t seed, int32_t step, int32_t site, const int32_t* triangles, float* out,
                                   float* lse) {
  if (B == 0 || H == 0) return;
  const AttentionShape a{B, H, G, C, offsets, scale, {cap}, window};
  const DropoutMask dropped = mask(p, seed, step, site, 0);
  COP_ATTENTION(C, Size,
                COP_LAUNCH(attention_kernel<Size>, attention_launch<Size>(a, H, 1, 1, stream_), a, q, k, v, dropped,
                           triangles, out, lse));
  if (step_ != nullptr) {
    const int64_t heads = H;
    clear_uncounted<2>(rows(step_rows_), {{out, lse}, {heads * C, heads}}, stream_);
  }
}

}  // namespace coppice
