// SPDX-License-Identifier: Apache-2.0
#include "attention_batch.hpp"
#include "cpu_device.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// A value and its tangent.
template <class T>
struct Dual {
  T value, dot;
};

struct Memory {
  Dual<float*> q_panels, dout_panels;      // lanes are queries
  Dual<float*> k_copy, q_copy, dout_copy;  // in whole vectors
  Dual<float*> lse, slope;                 // slope[i] = dout[i].out[i]
  Dual<float*> weights, dscores;           // of a tile of keys
  float *dk, *dv, *dq;                     // tangents (n, width), sums so far
  int64_t floats;
  Memory(const AttentionBatch& batch, float* memory) {
    Pieces pieces(memory);
    const auto take = [&](Dual<float*>& piece, int64_t count) {
      piece.value = pieces.take(count);
      piece.dot = pieces.take(count);
    };
    const int64_t copy = batch.C % kLanes == 0 ? 0 : batch.longest * batch.width();
    take(q_panels, batch.row() * batch.C);
    take(dout_panels, batch.row() * batch.C);
    take(k_copy, copy);
    take(q_copy, copy);
    take(dout_copy, copy);
    take(lse, batch.row());
    take(slope, batch.row());
    take(weights, kTile * batch.row());
    take(dscores, kTile * batch.row());
    dk = pieces.take(batch.longest * batch.width());
    dv = pieces.take(batch.longest * batch.width());
    dq = pieces.take(batch.longest * batch.width());
    floats = pieces.taken(memory);
  }
};

// One sample and query head: what its tiles of keys share.
struct Head {
  int64_t n, C, width, row;
  float scale;
  Dual<Positions> k, v, k_whole, q_whole, dout_whole;
};

Dual<Positions> whole(const Dual<Positions>& x, int64_t n, int64_t C, const Dual<float*>& copy) {
  return {in_whole_vectors(x.value, n, C, copy.value), in_whole_vectors(x.dot, n, C, copy.dot)};
}

// out = scale * rows.x and its tangent, for the groups first .. last-1 of x's panels
template <int ROWS>
COPPICE_INLINE void dual_dots(const Dual<Positions>& rows, int64_t start, int64_t C, const Dual<float*>& panels,
                              int64_t first, int64_t last, float scale, const Dual<float*>& out, int64_t out_row) {
  const Positions value{rows.value.at(start), rows.value.stride}, dot{rows.dot.at(start), rows.dot.stride};
  dots<ROWS, false>(value, C, panels.value, first, last, scale, out.value, out_row);
  dots<ROWS, false>(dot, C, panels.value, first, last, scale, out.dot, out_row);
  dots<ROWS, true>(value, C, panels.dot, first, last, scale, out.dot, out_row);
}

// The tangents of dv and dk of a tile of keys, and what it gives to that of dq.
template <int ROWS>
void backward_jvp_tile(const Head& head, int64_t start, const Memory& m) {
  const int64_t first = start / kLanes, last = (head.n - 1) / kLanes + 1, row = head.row, width = head.width;
  dual_dots<ROWS>(head.k, start, head.C, m.q_panels, first, last, head.scale, m.weights, row);
  dual_dots<ROWS>(head.v, start, head.C, m.dout_panels, first, last, 1.0f, m.dscores, row);
  for (int64_t i = first * kLanes; i < last * kLanes; i += kLanes) {
    const Vec lse = load(m.lse.value + i), lse_dot = load(m.lse.dot + i);
    const Vec slope = load(m.slope.value + i), slope_dot = load(m.slope.dot + i);
    for (int r = 0; r < ROWS; ++r) {
      const int64_t at = r * row + i;
      const Vec p = exp(load(m.weights.value + at) - lse), p_dot = p * (load(m.weights.dot + at) - lse_dot);
      const Vec d = load(m.dscores.value + at) - slope, d_dot = load(m.dscores.dot + at) - slope_dot;
      store(m.weights.value + at, p);
      store(m.weights.dot + at, p_dot);
      store(m.dscores.value + at, head.scale * (p * d));
      store(m.dscores.dot + at, head.scale * madd(p_dot, d, p * d_dot));
    }
  }
  const auto add = [&](const float* weights, const Positions& x, float* out) {
    add_weighted<ROWS, Meets::kFuture>({weights, row, 1}, x, start, head.n, width, out + start * width, width);
  };
  add(m.weights.dot, head.dout_whole.value, m.dv);
  add(m.weights.value, head.dout_whole.dot, m.dv);
  add(m.dscores.dot, head.q_whole.value, m.dk);
  add(m.dscores.value, head.q_whole.dot, m.dk);
  const auto spread = [&](const float* weights, const Positions& k) {
    spread_weighted<ROWS>(weights, row, {k.at(start), k.stride}, start, head.n, width, m.dq, width);
  };
  spread(m.dscores.dot, head.k_whole.value);
  spread(m.dscores.value, head.k_whole.dot);
}

struct Tensors {
  Dual<const float*> q, k, v, out, lse, dout;
  float *dq_dot, *dk_dot, *dv_dot;
};

void backward_jvp_of_group(const AttentionBatch& batch, const Tensors& x, int64_t b, int64_t g, float* memory) {
  const Memory m(batch, memory);
  const int64_t n = batch.length(b), C = batch.C, width = batch.width(), first = batch.offsets[b];
  if (n == 0) return;
  const auto key_heads = [&](const Dual<const float*>& t) {
    return Dual<Positions>{batch.key_head(t.value, b, g), batch.key_head(t.dot, b, g)};
  };
  Head head{n, C, width, batch.row(), batch.scale, key_heads(x.k), key_heads(x.v), {}, {}, {}};
  head.k_whole = whole(head.k, n, C, m.k_copy);
  clear(m.dv, n * width);
  clear(m.dk, n * width);
  for (int64_t h = g * batch.heads_in_group(); h < (g + 1) * batch.heads_in_group(); ++h) {
    const auto query_heads = [&](const Dual<const float*>& t) {
      return Dual<Positions>{batch.query_head(t.value, b, h), batch.query_head(t.dot, b, h)};
    };
    const Dual<Positions> q = query_heads(x.q), dout = query_heads(x.dout), out = query_heads(x.out);
    to_panels(q.value, n, C, m.q_panels.value);
    to_panels(q.dot, n, C, m.q_panels.dot);
    to_panels(dout.value, n, C, m.dout_panels.value);
    to_panels(dout.dot, n, C, m.dout_panels.dot);
    head.q_whole = whole(q, n, C, m.q_copy);
    head.dout_whole = whole(dout, n, C, m.dout_copy);
    gather_head(batch, x.lse.value, b, h, __builtin_inff(), m.lse.value);  // beyond n: probability 0
    gather_head(batch, x.lse.dot, b, h, 0.0f, m.lse.dot);
    row_dots<false>(out.value, dout.value, n, C, m.slope.value);
    row_dots<false>(out.value, dout.dot, n, C, m.slope.dot);
    row_dots<true>(out.dot, dout.value, n, C, m.slope.dot);
    clear(m.dq, n * width);
    for (int64_t start = 0; start < n; start += kTile) {
      for_row_count(n - start, [&](auto rows) { backward_jvp_tile<rows.value>(head, start, m); });
    }
    write_positions(m.dq, n, C, width, x.dq_dot + (first * batch.H + h) * C, batch.H * C);
  }
  write_positions(m.dv, n, C, width, x.dv_dot + (first * batch.G + g) * C, batch.G * C);
  write_positions(m.dk, n, C, width, x.dk_dot + (first * batch.G + g) * C, batch.G * C);
}

}  // namespace

/// The tangents of attention_backward without dropout.
///
///   P_dot = P (a_dot - lse_dot);  d[i,j] = dout[i].v[j] - dout[i].out[i], d_dot its tangent;
///   dS = P d, dS_dot = P_dot d + P d_dot;  dv_dot[j] = sum_i P_dot dout[i] + P dout_dot[i];
///   dq_dot[i] = scale sum_j dS_dot k[j] + dS k_dot[j];  dk_dot[j] = scale sum_i dS_dot q[i] + dS q_dot[i]
///
/// Shapes   as in coppice.h; dk_dot, dv_dot summed over the group's query heads
/// Numbers  float32; sums in the order of attention_backward: |error| <= (6 C max|a|(|inputs|) + 4 C + 2 n H/G + 60) *
///          2^-24 * the result of |inputs| with + for -. A sample depends on itself only. NaN in gives NaN.
/// Launch   samples and key/value heads over the threads, as they come free.
/// Cost     12 C multiply-adds and an exponential for each pair i, j.
/// Source   the derivative of attention_backward; Pearlmutter 1994, doi:10.1162/neco.1994.6.1.147
void CpuDevice::attention_backward_jvp(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets,
                                       const float* q, const float* k, const float* v, const float* q_dot,
                                       const float* k_dot, const float* v_dot, const float* out, const float* out_dot,
                                       const float* lse, const float* lse_dot, const float* dout, const float* dout_dot,
                                       float scale, float* dq_dot, float* dk_dot, float* dv_dot) {
  const AttentionBatch batch = attention_batch(B, H, G, C, offsets, scale);
  const Tensors tensors{{q, q_dot},       {k, k_dot}, {v, v_dot}, {out, out_dot}, {lse, lse_dot},
                        {dout, dout_dot}, dq_dot,     dk_dot,     dv_dot};
  const int team = attention_team(batch, threads_);
  const int64_t floats = Memory(batch, nullptr).floats;
  float* memory = static_cast<float*>(scratch(team * floats * 4));
  for_samples_and_groups(batch, team, memory, floats,
                         [&](int64_t b, int64_t g, float* mine) { backward_jvp_of_group(batch, tensors, b, g, mine); });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
