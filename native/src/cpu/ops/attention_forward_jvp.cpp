// SPDX-License-Identifier: Apache-2.0
#include "attention_batch.hpp"
#include "cpu_device.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// One sample and query head: what its tiles share. The lanes are keys.
struct Head {
  int64_t n, C, width, row;
  float scale;
  Positions q, q_dot, v, v_dot;
  const float *k_panels, *k_dot_panels;
  const float* lse;
  int64_t lse_row;
  float *out_dot, *lse_dot;  // of position i at i * out_row and i * lse_row
  int64_t out_row;
};

struct Memory {
  float *k_panels, *k_dot_panels, *v_copy, *v_dot_copy, *weights, *tangents, *sums;
  int64_t floats;
  Memory(const AttentionBatch& batch, float* memory) {
    Pieces pieces(memory);
    const int64_t copy = batch.C % kLanes == 0 ? 0 : batch.longest * batch.width();
    k_panels = pieces.take(batch.row() * batch.C);
    k_dot_panels = pieces.take(batch.row() * batch.C);
    v_copy = pieces.take(copy);
    v_dot_copy = pieces.take(copy);
    weights = pieces.take(kTile * batch.row());
    tangents = pieces.take(kTile * batch.row());
    sums = pieces.take(kTile * batch.width());
    floats = pieces.taken(memory);
  }
};

// weights[j] = P[j] = exp(weights[j] - lse) and tangents[j] = P[j] * (tangents[j] - lse_dot) for j < count; returns
// lse_dot = sum_j P[j] * tangents[j].
COPPICE_INLINE float tangent_of_softmax(float lse, int64_t count, float* weights, float* tangents) {
  Vec sum{};
  for (int64_t j = 0; j < count; j += kLanes) {
    const int64_t left = count - j < kLanes ? count - j : kLanes;
    const Vec p = first_of(exp(load(weights + j) - lse), left, Vec{});
    const Vec t = first_of(load(tangents + j), left, Vec{});
    sum = madd(p, t, sum);
    store(weights + j, p);
    store(tangents + j, t);
  }
  const float lse_dot = sum_lanes(sum);
  for (int64_t j = 0; j < count; j += kLanes) {
    store(tangents + j, load(weights + j) * (load(tangents + j) - lse_dot));
  }
  return lse_dot;
}

template <int ROWS>
void forward_jvp_tile(const Head& head, int64_t start, const Memory& m) {
  const int64_t groups = (start + ROWS - 1) / kLanes + 1, row = head.row;
  const Positions q{head.q.at(start), head.q.stride}, q_dot{head.q_dot.at(start), head.q_dot.stride};
  dots<ROWS, false>(q, head.C, head.k_panels, 0, groups, head.scale, m.weights, row);
  dots<ROWS, false>(q_dot, head.C, head.k_panels, 0, groups, head.scale, m.tangents, row);
  dots<ROWS, true>(q, head.C, head.k_dot_panels, 0, groups, head.scale, m.tangents, row);
  for (int r = 0; r < ROWS; ++r) {
    const int64_t at = (start + r) * head.lse_row;
    head.lse_dot[at] = tangent_of_softmax(head.lse[at], start + r + 1, m.weights + r * row, m.tangents + r * row);
  }
  clear(m.sums, ROWS * head.width);
  add_weighted<ROWS, Meets::kPast>({m.tangents, row, 1}, head.v, start, head.n, head.width, m.sums, head.width);
  add_weighted<ROWS, Meets::kPast>({m.weights, row, 1}, head.v_dot, start, head.n, head.width, m.sums, head.width);
  write_positions(m.sums, ROWS, head.C, head.width, head.out_dot + start * head.out_row, head.out_row);
}

}  // namespace

/// The tangent of attention_forward without dropout.
///
///   a_dot[i,j] = scale * (q_dot[i].k[j] + q[i].k_dot[j]);  lse_dot[i] = sum_j P[i,j] a_dot[i,j];
///   out_dot[i] = sum_j P[i,j] (a_dot[i,j] - lse_dot[i]) v[j] + P[i,j] v_dot[j]
///
/// Shapes   as in coppice.h; `out` is not read, since P is formed again from lse
/// Numbers  float32; sums in the order of attention_forward: |error| <= (4 C max|a|(|inputs|) + 4 i + 40) * 2^-24 *
///          out_dot(|inputs|), with + for -. A row depends on its own sample up to itself only. NaN in gives NaN.
/// Launch   samples and key/value heads over the threads, as they come free.
/// Cost     5 C multiply-adds and an exponential for each pair i, j.
/// Source   the derivative of attention_forward; Pearlmutter 1994, doi:10.1162/neco.1994.6.1.147
void CpuDevice::attention_forward_jvp(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets,
                                      const float* q, const float* k, const float* v, const float* q_dot,
                                      const float* k_dot, const float* v_dot, const float* out, const float* lse,
                                      float scale, float* out_dot, float* lse_dot) {
  (void)out;
  const AttentionBatch batch = attention_batch(B, H, G, C, offsets, scale);
  const int team = attention_team(batch, threads_);
  const int64_t floats = Memory(batch, nullptr).floats;
  float* memory = static_cast<float*>(scratch(team * floats * 4));
  for_samples_and_groups(batch, team, memory, floats, [&](int64_t b, int64_t g, float* mine) {
    const Memory m(batch, mine);
    const int64_t n = batch.length(b);
    to_panels(batch.key_head(k, b, g), n, C, m.k_panels);
    to_panels(batch.key_head(k_dot, b, g), n, C, m.k_dot_panels);
    const Positions values = in_whole_vectors(batch.key_head(v, b, g), n, C, m.v_copy);
    const Positions values_dot = in_whole_vectors(batch.key_head(v_dot, b, g), n, C, m.v_dot_copy);
    for (int64_t h = g * batch.heads_in_group(); h < (g + 1) * batch.heads_in_group(); ++h) {
      const int64_t first = offsets[b] * int64_t{H} + h;
      const Head head{n,
                      C,
                      batch.width(),
                      batch.row(),
                      scale,
                      batch.query_head(q, b, h),
                      batch.query_head(q_dot, b, h),
                      values,
                      values_dot,
                      m.k_panels,
                      m.k_dot_panels,
                      lse + first,
                      H,
                      out_dot + first * C,
                      lse_dot + first,
                      int64_t{H} * C};
      for (int64_t start = 0; start < n; start += kTile) {
        for_row_count(n - start, [&](auto rows) { forward_jvp_tile<rows.value>(head, start, m); });
      }
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
