// SPDX-License-Identifier: Apache-2.0
#include "attention_rows.hpp"
#include "attention_short.hpp"
#include "cpu_device.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// One sample and query head: what its tiles share.
struct Head {
  int64_t n, C, width, row;
  float scale;
  Positions q, v;
  const float* k_panels;
  const float* factors;  // of dropout, or null
  float* out;            // position i at out + i * out_row
  int64_t out_row;
  float* lse;  // position i at lse + i * lse_row
  int64_t lse_row;
};

template <int ROWS>
void forward_tile(const Head& head, int64_t start, float* weights, float* sums) {
  dots<ROWS, false>({head.q.at(start), head.q.stride}, head.C, head.k_panels, 0, (start + ROWS - 1) / kLanes + 1,
                    head.scale, weights, head.row);
  float inverse[ROWS];
  for (int r = 0; r < ROWS; ++r) {
    const Softmax softmax = exponentials(weights + r * head.row, start + r + 1);
    inverse[r] = 1.0f / softmax.sum;
    head.lse[(start + r) * head.lse_row] = softmax.largest + __builtin_logf(softmax.sum);
  }
  if (head.factors != nullptr) {
    for (int r = 0; r < ROWS; ++r) {
      const float* factors = head.factors + triangle(start + r);
      float* row = weights + r * head.row;
      for (int64_t j = 0; j <= start + r; ++j) row[j] *= factors[j];
    }
  }
  for (int64_t c = 0; c < ROWS * head.width; c += kLanes) store(sums + c, Vec{});
  add_weighted<ROWS, Meets::kPast>({weights, head.row, 1}, head.v, start, head.n, head.width, sums, head.width);
  for (int r = 0; r < ROWS; ++r) {
    float* out = head.out + (start + r) * head.out_row;
    for_lanes(head.C,
              [&](int64_t c, auto lanes) { store(out + c, load(sums + r * head.width + c) * inverse[r], lanes); });
  }
}

struct Memory {
  float *k_panels, *v_copy, *weights, *sums, *factors;
  int64_t floats;
  Memory(const AttentionBatch& batch, bool dropout, float* memory) {
    Pieces pieces(memory);
    k_panels = pieces.take(batch.row() * batch.C);
    v_copy = pieces.take(batch.C % kLanes == 0 ? 0 : batch.longest * batch.width());
    weights = pieces.take(kLanes * batch.row());
    sums = pieces.take(kTile * batch.width());
    factors = pieces.take(dropout ? triangle(batch.longest) + kLanes : 0);
    floats = pieces.taken(memory);
  }
};

void forward_rows(const AttentionBatch& batch, const float* q, const float* k, const float* v, int64_t b, int64_t g,
                  float* row, float* out, float* lse) {
  for (int64_t h = g * batch.heads_in_group(); h < (g + 1) * batch.heads_in_group(); ++h) {
    const RowHead head = row_head(batch, q, k, v, b, h);
    for (int64_t i = 0; i < head.n; ++i) {
      const int64_t at = (batch.offsets[b] + i) * batch.H + h;
      head.forward(i, row, out + at * batch.C, lse + at);
    }
  }
}

}  // namespace

/// Causal attention of packed samples, in a window, with capped scores.
///
///   a[i,j] = capped(scale * q[i,h,:].k[j,g,:]), i - window < j <= i;  capped(x) = cap tanh(x/cap), or x for cap 0;
///   lse[i,h] = log sum_j exp(a[i,j]);  P = exp(a - lse);
///   out[i,h,:] = sum_j drop(P)[i,j] v[j,g,:]
///
/// Shapes   as in coppice.h; any C up to 256
/// Numbers  float32. Scores are chains over c (of a sample's first kLanes positions kLanes folded chains), sums
///          of exponentials kLanes chains over j that are folded, weighted sums chains over j:
///          |error| <= (2 C max|a|(|q|,|k|) + 2 i + 20) * 2^-24 * out(|v|). A row depends on the rows of its own sample
///          up to itself only, bit for bit. NaN in gives NaN in the rows that see it.
/// Launch   samples and key/value heads over the threads, as they come free.
/// Cost     2 C multiply-adds and an exponential for each pair i, j; scratch C longest + kTile longest floats a thread.
///          Capped scores, and samples longer than the window, go one row at a time, which is slower.
/// Source   the definition; rows in tiles and keys in lanes: own. GQA: arXiv:2305.13245; window: arXiv:2004.05150; cap:
///          arXiv:2408.00118, section 2
void CpuDevice::attention_forward(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                                  const float* k, const float* v, float scale, float cap, int32_t window, float p,
                                  int64_t seed, int32_t step, int32_t site, const int32_t* triangles, float* out,
                                  float* lse) {
  const AttentionBatch batch = attention_batch(B, H, G, C, offsets, scale, cap, window);
  const ProbabilityDropout dropout{p, seed, step, site, triangles};
  const int team = attention_team(batch, threads_);
  const int64_t floats = Memory(batch, p > 0.0f, nullptr).floats;
  float* memory = static_cast<float*>(scratch(team * floats * 4));
  for_samples_and_groups(batch, team, memory, floats, [&](int64_t b, int64_t g, float* mine) {
    const Memory m(batch, p > 0.0f, mine);
    const int64_t n = batch.length(b), row = batch.row();
    if (!batch.in_tiles(n)) return forward_rows(batch, q, k, v, b, g, m.weights, out, lse);
    // The first rows of any sample, so that its length changes no bit of theirs.
    const int64_t few = n < kLanes ? n : kLanes;
    const bool done = for_short_channels(few, C, [&](auto vectors) {
      for (int64_t h = g * batch.heads_in_group(); h < (g + 1) * batch.heads_in_group(); ++h) {
        if (p > 0.0f) dropout_factors(dropout, b, h, few, m.factors);
        const int64_t first = offsets[b] * int64_t{H} + h;
        const ShortHead<vectors.value> head{few,
                                            scale,
                                            batch.query_head(q, b, h),
                                            batch.key_head(k, b, g),
                                            batch.key_head(v, b, g),
                                            p > 0.0f ? m.factors : nullptr,
                                            int64_t{H} * C,
                                            H};
        head.forward(m.weights, out + first * C, lse + first);
      }
    });
    const int64_t rest = done ? few : 0;
    if (rest == n) return;
    to_panels(batch.key_head(k, b, g), n, C, m.k_panels);
    const Positions values = in_whole_vectors(batch.key_head(v, b, g), n, C, m.v_copy);
    for (int64_t h = g * batch.heads_in_group(); h < (g + 1) * batch.heads_in_group(); ++h) {
      if (p > 0.0f) dropout_factors(dropout, b, h, n, m.factors);
      const int64_t first = offsets[b] * int64_t{H} + h;
      const Head head{n,
                      C,
                      batch.width(),
                      row,
                      scale,
                      batch.query_head(q, b, h),
                      values,
                      m.k_panels,
                      p > 0.0f ? m.factors : nullptr,
                      out + first * C,
                      int64_t{H} * C,
                      lse + first,
                      H};
      for (int64_t start = rest; start < n; start += kTile) {
        for_row_count(n - start, [&](auto rows) { forward_tile<rows.value>(head, start, m.weights, m.sums); });
      }
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
