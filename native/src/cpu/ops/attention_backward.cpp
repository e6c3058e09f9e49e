// SPDX-License-Identifier: Apache-2.0
#include "attention_rows.hpp"
#include "attention_short.hpp"
#include "cpu_device.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// One sample and query head: what its tiles of keys share. The lanes are queries.
struct Head {
  int64_t n, C, width, row;
  float scale;
  Positions k, v, k_whole, q_whole, dout_whole;
  const float *q_panels, *dout_panels;
  const float *lse, *slope;  // slope[i] = dout[i].out[i]
  const float* factors;      // of dropout, or null
  float* dq;                 // (n, width), sums so far
};

struct Memory {
  float *q_panels, *dout_panels, *k_copy, *q_copy, *dout_copy, *lse, *slope, *weights, *dscores, *dk, *dv, *dq,
      *factors;
  int64_t floats;
  Memory(const AttentionBatch& batch, bool full, bool dropout, float* memory) {
    Pieces pieces(memory);
    const int64_t copy = batch.C % kLanes == 0 ? 0 : batch.longest * batch.width();
    q_panels = pieces.take(batch.row() * batch.C);
    dout_panels = pieces.take(full ? batch.row() * batch.C : 0);
    k_copy = pieces.take(full ? copy : 0);
    q_copy = pieces.take(full ? copy : 0);
    dout_copy = pieces.take(copy);
    lse = pieces.take(batch.row());
    slope = pieces.take(full ? batch.row() : 0);
    weights = pieces.take(kLanes * batch.row());
    dscores = pieces.take(full ? kLanes * batch.row() : 0);
    dk = pieces.take(full ? batch.longest * batch.width() : 0);
    dv = pieces.take(batch.longest * batch.width());
    dq = pieces.take(full ? batch.longest * batch.width() : 0);
    factors = pieces.take(dropout ? triangle(batch.longest) + kLanes : 0);
    floats = pieces.taken(memory);
  }
};

// weights[r][i] = P[i, start + r] for the queries i from start on.
template <int ROWS>
COPPICE_INLINE void probabilities(const Head& head, int64_t start, float* weights) {
  const int64_t first = start / kLanes, last = (head.n - 1) / kLanes + 1;
  dots<ROWS, false>({head.k.at(start), head.k.stride}, head.C, head.q_panels, first, last, head.scale, weights,
                    head.row);
  for (int64_t i = first * kLanes; i < last * kLanes; i += kLanes) {
    const Vec lse = load(head.lse + i);
    for (int r = 0; r < ROWS; ++r) store(weights + r * head.row + i, exp(load(weights + r * head.row + i) - lse));
  }
}

template <int ROWS>
void drop(const Head& head, int64_t start, float* weights) {
  for (int r = 0; r < ROWS; ++r) {
    for (int64_t i = start + r; i < head.n; ++i) {
      weights[r * head.row + i] *= head.factors[triangle(i) + start + r];
    }
  }
}

// dv of a tile of keys only
template <int ROWS>
void value_tile(const Head& head, int64_t start, const Memory& m) {
  probabilities<ROWS>(head, start, m.weights);
  if (head.factors != nullptr) drop<ROWS>(head, start, m.weights);
  add_weighted<ROWS, Meets::kFuture>({m.weights, head.row, 1}, head.dout_whole, start, head.n, head.width,
                                     m.dv + start * head.width, head.width);
}

// dv and dk of a tile of keys, and what it gives to dq
template <int ROWS>
void full_tile(const Head& head, int64_t start, const Memory& m) {
  const int64_t first = start / kLanes, last = (head.n - 1) / kLanes + 1, row = head.row;
  probabilities<ROWS>(head, start, m.weights);
  dots<ROWS, false>({head.v.at(start), head.v.stride}, head.C, head.dout_panels, first, last, 1.0f, m.dscores, row);
  if (head.factors != nullptr) drop<ROWS>(head, start, m.dscores);
  for (int64_t i = first * kLanes; i < last * kLanes; i += kLanes) {
    const Vec slope = load(head.slope + i);
    for (int r = 0; r < ROWS; ++r) {
      float* d = m.dscores + r * row + i;
      store(d, head.scale * load(m.weights + r * row + i) * (load(d) - slope));
    }
  }
  if (head.factors != nullptr) drop<ROWS>(head, start, m.weights);
  add_weighted<ROWS, Meets::kFuture>({m.weights, row, 1}, head.dout_whole, start, head.n, head.width,
                                     m.dv + start * head.width, head.width);
  add_weighted<ROWS, Meets::kFuture>({m.dscores, row, 1}, head.q_whole, start, head.n, head.width,
                                     m.dk + start * head.width, head.width);
  spread_weighted<ROWS>(m.dscores, row, {head.k_whole.at(start), head.k_whole.stride}, start, head.n, head.width,
                        head.dq, head.width);
}

struct Gradients {
  const float *q, *k, *v, *out, *lse, *dout;
  float *dq, *dk, *dv;
};

template <int VECS>
void backward_of_short(const AttentionBatch& batch, const Gradients& x, const ProbabilityDropout& dropout, int64_t b,
                       int64_t g, const Memory& m) {
  const int64_t n = batch.length(b), C = batch.C, first = batch.offsets[b], key = (first * batch.G + g) * C;
  for (int64_t i = 0; i < batch.heads_in_group(); ++i) {
    const int64_t h = g * batch.heads_in_group() + i, query = (first * batch.H + h) * C;
    if (dropout.p > 0.0f) dropout_factors(dropout, b, h, n, m.factors);
    const ShortHead<VECS> head{n,
                               batch.scale,
                               batch.query_head(x.q, b, h),
                               batch.key_head(x.k, b, g),
                               batch.key_head(x.v, b, g),
                               dropout.p > 0.0f ? m.factors : nullptr,
                               batch.H * C,
                               batch.H};
    const bool full = x.dq != nullptr;
    const typename ShortHead<VECS>::Gradients to{full ? x.dq + query : nullptr, full ? x.dk + key : nullptr, x.dv + key,
                                                 batch.G * C};
    const Positions out = batch.query_head(x.out, b, h), dout = batch.query_head(x.dout, b, h);
    const float* lse = x.lse + first * batch.H + h;
    i == 0 ? head.template backward<false>(out, lse, dout, m.weights, m.dscores, to)
           : head.template backward<true>(out, lse, dout, m.weights, m.dscores, to);
  }
}

void backward_of_rows(const AttentionBatch& batch, const Gradients& x, int64_t b, int64_t g, float* rows) {
  const int64_t n = batch.length(b), C = batch.C, first = batch.offsets[b], key = (first * batch.G + g) * C;
  const bool full = x.dq != nullptr;
  for (int64_t j = 0; j < n; ++j) {
    clear(x.dv + key + j * batch.G * C, C);
    if (full) clear(x.dk + key + j * batch.G * C, C);
  }
  for (int64_t h = g * batch.heads_in_group(); h < (g + 1) * batch.heads_in_group(); ++h) {
    const RowHead head = row_head(batch, x.q, x.k, x.v, b, h);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = (first + i) * batch.H + h;
      head.backward(i, x.out + at * C, x.dout + at * C, x.lse[at], rows, rows + batch.row(),
                    full ? x.dq + at * C : nullptr, full ? x.dk + key : nullptr, x.dv + key, batch.G * C);
    }
  }
}

void backward_of_group(const AttentionBatch& batch, const Gradients& x, const ProbabilityDropout& dropout, int64_t b,
                       int64_t g, float* memory) {
  const bool full = x.dq != nullptr;
  const Memory m(batch, full, dropout.p > 0.0f, memory);
  const int64_t n = batch.length(b), C = batch.C, width = batch.width(), first = batch.offsets[b];
  if (n == 0) return;
  if (!batch.in_tiles(n)) return backward_of_rows(batch, x, b, g, m.weights);
  const bool done =
      for_short_channels(n, C, [&](auto vectors) { backward_of_short<vectors.value>(batch, x, dropout, b, g, m); });
  if (done) return;
  Head head{n,
            C,
            width,
            batch.row(),
            batch.scale,
            batch.key_head(x.k, b, g),
            batch.key_head(x.v, b, g),
            {},
            {},
            {},
            m.q_panels,
            m.dout_panels,
            m.lse,
            m.slope,
            dropout.p > 0.0f ? m.factors : nullptr,
            m.dq};
  clear(m.dv, n * width);
  if (full) {
    clear(m.dk, n * width);
    head.k_whole = in_whole_vectors(head.k, n, C, m.k_copy);
  }
  for (int64_t h = g * batch.heads_in_group(); h < (g + 1) * batch.heads_in_group(); ++h) {
    const Positions q = batch.query_head(x.q, b, h), dout = batch.query_head(x.dout, b, h);
    to_panels(q, n, C, m.q_panels);
    head.dout_whole = in_whole_vectors(dout, n, C, m.dout_copy);
    gather_head(batch, x.lse, b, h, __builtin_inff(), m.lse);  // beyond n: probability 0
    if (dropout.p > 0.0f) dropout_factors(dropout, b, h, n, m.factors);
    if (full) {
      to_panels(dout, n, C, m.dout_panels);
      head.q_whole = in_whole_vectors(q, n, C, m.q_copy);
      row_dots<false>(batch.query_head(x.out, b, h), dout, n, C, m.slope);
      clear(m.dq, n * width);
    }
    for (int64_t start = 0; start < n; start += kTile) {
      for_row_count(n - start, [&](auto rows) {
        full ? full_tile<rows.value>(head, start, m) : value_tile<rows.value>(head, start, m);
      });
    }
    if (full) write_positions(m.dq, n, C, width, x.dq + (first * batch.H + h) * C, batch.H * C);
  }
  write_positions(m.dv, n, C, width, x.dv + (first * batch.G + g) * C, batch.G * C);
  if (full) write_positions(m.dk, n, C, width, x.dk + (first * batch.G + g) * C, batch.G * C);
}

}  // namespace

/// The gradients of attention_forward; the probabilities are formed again from lse.
///
///   dv[j] = sum_i drop(P)[i,j] dout[i];  dS[i,j] = P[i,j] (drop(dout[i].v[j]) - dout[i].out[i]) (1 - (a[i,j]/cap)^2);
///   dq[i] = scale sum_j dS[i,j] k[j];  dk[j] = scale sum_i dS[i,j] q[i];  dk, dv summed over the group's query heads
///
/// Shapes   as in coppice.h; dq and dk may both be null
/// Numbers  float32; every sum is a chain, over the heads of the group in order and then over positions in order:
///          |error| <= (2 C max|a|(|q|,|k|) + 2 C + n H/G + 30) * 2^-24 * the result of |inputs| with + for -. A sample
///          depends on itself only, bit for bit. NaN in gives NaN.
/// Launch   samples and key/value heads over the threads, as they come free.
/// Cost     for each pair i, j 2 C multiply-adds and an exponential for dv alone, 5 C for all three.
/// Source   Dao et al. 2022, arXiv:2205.14135, appendix B.2; keys in tiles and queries in lanes: own
void CpuDevice::attention_backward(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                                   const float* k, const float* v, const float* out, const float* lse,
                                   const float* dout, float scale, float cap, int32_t window, float p, int64_t seed,
                                   int32_t step, int32_t site, const int32_t* triangles, float* dq, float* dk,
                                   float* dv) {
  const AttentionBatch batch = attention_batch(B, H, G, C, offsets, scale, cap, window);
  const ProbabilityDropout dropout{p, seed, step, site, triangles};
  const Gradients tensors{q, k, v, out, lse, dout, dq, dk, dv};
  const int team = attention_team(batch, threads_);
  const int64_t floats = Memory(batch, dq != nullptr, p > 0.0f, nullptr).floats;
  float* memory = static_cast<float*>(scratch(team * floats * 4));
  for_samples_and_groups(batch, team, memory, floats, [&](int64_t b, int64_t g, float* mine) {
    backward_of_group(batch, tensors, dropout, b, g, mine);
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
