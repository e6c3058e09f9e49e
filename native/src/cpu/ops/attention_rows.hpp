// SPDX-License-Identifier: Apache-2.0
// Attention of one sample and head, one row after the other: what the tiles leave out, capped scores and windows that
// are narrower than the sample. Sums over positions run in their order, as in the tiles.
#pragma once
#include "attention_batch.hpp"
#include "soft_cap.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

struct Softmax {
  float largest;
  float sum;
};

// row[j] = exp(row[j] - largest) for j < count, 0 for the rest of the last group
COPPICE_INLINE Softmax exponentials(float* row, int64_t count) {
  const int64_t whole = count / kLanes * kLanes, rest = count - whole;
  const Vec none = splat(-__builtin_inff());
  Vec best = none, last = none;
  for (int64_t j = 0; j < whole; j += kLanes) best = maximum(load(row + j), best);
  if (rest > 0) {
    last = first_of(load(row + whole), rest, none);
    best = maximum(last, best);
  }
  Softmax out;
  out.largest = max_lanes(best);
  Vec sum{};
  for (int64_t j = 0; j < whole; j += kLanes) {
    const Vec e = exp(load(row + j) - out.largest);
    store(row + j, e);
    sum += e;
  }
  if (rest > 0) {
    const Vec e = exp(last - out.largest);
    store(row + whole, e);
    sum += e;
  }
  out.sum = sum_lanes(sum);
  return out;
}

// One sample and query head. `row` buffers hold a whole number of groups of n floats.
struct RowHead {
  int64_t n, C, window;
  float scale;
  SoftCap cap;
  Positions q, k, v;

  int64_t first(int64_t i) const { return i < window ? 0 : i - window + 1; }

  // row[j] = x . y[first + j] for j < count
  void dots(const float* x, Positions y, int64_t first, int64_t count, float* row) const {
    for (int64_t j = 0; j < count; ++j) {
      Vec sum{};
      for_lanes(C,
                [&](int64_t c, auto lanes) { sum = madd(load(x + c, lanes), load(y.at(first + j) + c, lanes), sum); });
      row[j] = sum_lanes(sum);
    }
  }

  // The scores of query i with the keys that it meets.
  void scores(int64_t i, int64_t first, int64_t count, float* row) const {
    dots(q.at(i), k, first, count, row);
    for_lanes(count, [&](int64_t j, auto lanes) { store(row + j, cap.apply(scale * load(row + j, lanes)), lanes); });
  }

  // to[c] = factor * sum_j row[j] * x[first + j][c]
  void weighted(const float* row, Positions x, int64_t first, int64_t count, float factor, float* to) const {
    for_lanes(C, [&](int64_t c, auto lanes) {
      Vec sum{};
      for (int64_t j = 0; j < count; ++j) sum = madd(splat(row[j]), load(x.at(first + j) + c, lanes), sum);
      store(to + c, factor * sum, lanes);
    });
  }

  void forward(int64_t i, float* row, float* out, float* lse) const {
    const int64_t from = first(i), count = i + 1 - from;
    scores(i, from, count, row);
    const Softmax softmax = exponentials(row, count);
    *lse = softmax.largest + __builtin_logf(softmax.sum);
    weighted(row, v, from, count, 1.0f / softmax.sum, out);
  }

  // What row i adds to dk and dv, whose positions are key_row apart, and its dq; dq and dk null for dv alone. `changes`
  // is a second row.
  void backward(int64_t i, const float* out, const float* dout, float lse, float* row, float* changes, float* dq,
                float* dk, float* dv, int64_t key_row) const {
    const int64_t from = first(i), count = i + 1 - from;
    scores(i, from, count, row);
    if (dq != nullptr) {
      Vec slope{};
      for_lanes(C, [&](int64_t c, auto lanes) { slope = madd(load(out + c, lanes), load(dout + c, lanes), slope); });
      const float mean = sum_lanes(slope);
      dots(dout, v, from, count, changes);
      for_lanes(count, [&](int64_t j, auto lanes) {
        const Vec a = load(row + j, lanes), p = exp(a - lse);
        store(changes + j, scale * p * (load(changes + j, lanes) - mean) * cap.slope(a), lanes);
      });
      weighted(changes, k, from, count, 1.0f, dq);
      spread(changes, q.at(i), from, count, dk, key_row);
    }
    for_lanes(count, [&](int64_t j, auto lanes) { store(row + j, exp(load(row + j, lanes) - lse), lanes); });
    spread(row, dout, from, count, dv, key_row);
  }

  // to[first + j] += row[j] * x
  void spread(const float* row, const float* x, int64_t first, int64_t count, float* to, int64_t to_row) const {
    for (int64_t j = 0; j < count; ++j) {
      float* sums = to + (first + j) * to_row;
      for_lanes(C, [&](int64_t c, auto lanes) {
        store(sums + c, madd(splat(row[j]), load(x + c, lanes), load(sums + c, lanes)), lanes);
      });
    }
  }
};

inline RowHead row_head(const AttentionBatch& batch, const float* q, const float* k, const float* v, int64_t b,
                        int64_t h) {
  const int64_t g = h / batch.heads_in_group();
  return {batch.length(b),
          batch.C,
          batch.window,
          batch.scale,
          {batch.cap},
          batch.query_head(q, b, h),
          batch.key_head(k, b, g),
          batch.key_head(v, b, g)};
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
