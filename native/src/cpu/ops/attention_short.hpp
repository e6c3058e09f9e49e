// SPDX-License-Identifier: Apache-2.0
// Attention of a sample of at most kLanes positions: a row of scores is one vector, its lanes are keys. Nothing is
// transposed: the dot products of a row are folded together, which costs about three instructions each.
#pragma once
#include "attention_batch.hpp"
#include "folds.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// Lane j is row . x[j] for j < COUNT; the others mean nothing.
template <int VECS, int COUNT>
__attribute__((noinline)) Vec dots_of_row(const float* row, Positions x) {
  Vec r[VECS];
  for (int v = 0; v < VECS; ++v) r[v] = load(row + v * kLanes);
  const Vec sums = folded<kLanes, 0, COUNT>([&](int j) __attribute__((always_inline)) {
    Vec sum = r[0] * load(x.at(j));
    for (int v = 1; v < VECS; ++v) sum = madd(r[v], load(x.at(j) + v * kLanes), sum);
    return sum;
  });
  IntVec lane;
  for (int i = 0; i < kLanes; ++i) lane[i] = lane_of_leaf(i);
  return __builtin_shuffle(sums, lane);
}

template <int VECS, int COUNT = 1>
COPPICE_INLINE Vec dots_of_row(const float* row, Positions x, int64_t count) {
  if constexpr (COUNT < kLanes) {
    if (count > COUNT) return dots_of_row<VECS, COUNT + 1>(row, x, count);
  }
  return dots_of_row<VECS, COUNT>(row, x);
}

// One head of a sample whose positions fit the lanes and whose channels are VECS whole vectors.
template <int VECS>
struct ShortHead {
  static constexpr int64_t kChannels = VECS * kLanes;
  int64_t n;
  float scale;
  Positions q, k, v;
  const float* factors;  // of dropout, or null
  int64_t row;           // from a position of q to the next in a tensor of q's shape
  int64_t lse_row;

  // out[r] (+)= sum_i weights[r][i] x[i] for all rows
  template <Meets MEETS, bool ADD>
  COPPICE_INLINE void sums(Weights weights, Positions x, float* out, int64_t out_row) const {
    for (int64_t start = 0; start < n; start += kTile) {
      const Weights tile{weights.data + start * weights.row, weights.row, weights.position};
      for_row_count(n - start, [&](auto rows) {
        add_weighted<rows.value, MEETS, ADD>(tile, x, start, n, kChannels, out + start * out_row, out_row);
      });
    }
  }

  void forward(float* weights, float* out, float* lse) const {
    float largests[kLanes] = {}, sums_of_rows[kLanes];
    store(sums_of_rows, splat(1.0f));
    for (int64_t i = 0; i < n; ++i) {
      const Vec scores = scale * dots_of_row<VECS>(q.at(i), k, i + 1);
      const Vec met = first_of(scores, i + 1, splat(-__builtin_inff()));
      const float largest = max_lanes(met);
      const Vec e = exp(met - largest);
      const float sum = sum_lanes(e);
      largests[i] = largest;
      sums_of_rows[i] = sum;
      const Vec p = e * (1.0f / sum);
      store(weights + i * kLanes, factors == nullptr ? p : p * load(factors + triangle(i)));
    }
    store(largests, load(largests) + log(load(sums_of_rows)));
    for (int64_t i = 0; i < n; ++i) lse[i * lse_row] = largests[i];
    sums<Meets::kPast, false>({weights, kLanes, 1}, v, out, row);
  }

  // What the gradients are added to: of k and v once for each query head of the group.
  struct Gradients {
    float *dq, *dk, *dv;
    int64_t key_row;
  };

  // dq and dk are null for dv alone. `weights` and `dscores` hold (n, kLanes) each.
  template <bool ADD>
  void backward(Positions out, const float* lse, Positions dout, float* weights, float* dscores,
                const Gradients& to) const {
    for (int64_t i = 0; i < n; ++i) {
      const Vec scores = scale * dots_of_row<VECS>(q.at(i), k, i + 1);
      const Vec p = first_of(exp(scores - lse[i * lse_row]), i + 1, Vec{});
      const Vec kept = factors == nullptr ? splat(1.0f) : load(factors + triangle(i));
      store(weights + i * kLanes, p * kept);
      if (to.dq == nullptr) continue;
      Vec slope{};
      for (int c = 0; c < VECS; ++c) {
        slope = madd(load(out.at(i) + c * kLanes), load(dout.at(i) + c * kLanes), slope);
      }
      const Vec dp = kept * dots_of_row<VECS>(dout.at(i), v, i + 1);
      store(dscores + i * kLanes, scale * p * (dp - sum_lanes(slope)));
    }
    const Weights by_key{weights, 1, kLanes}, scores_by_key{dscores, 1, kLanes};
    sums<Meets::kFuture, ADD>(by_key, dout, to.dv, to.key_row);
    if (to.dq == nullptr) return;
    sums<Meets::kFuture, ADD>(scores_by_key, q, to.dk, to.key_row);
    sums<Meets::kPast, false>({dscores, kLanes, 1}, k, to.dq, row);
  }
};

// body(integral constant) for the number of whole vectors of a channel, where ShortHead has it.
template <class Body>
inline bool for_short_channels(int64_t n, int64_t C, Body body) {
  if (n > kLanes || C % kLanes != 0) return false;
  switch (C / kLanes) {
    case 1:
      body(RowCount<1>{});
      return true;
    case 2:
      body(RowCount<2>{});
      return true;
    case 4:
      body(RowCount<4>{});
      return true;
    default:
      return false;
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
