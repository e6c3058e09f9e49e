// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"
#include "soft_cap.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

constexpr int64_t kPiece = 64 * kLanes;  // logits whose exponentials are summed before they join the row's sum

float max_of_row(const float* row, int64_t V) {
  Vec best = splat(-__builtin_inff());
  int64_t v = 0;
  for (; v + kLanes <= V; v += kLanes) best = maximum(load(row + v), best);
  float top = max_lanes(best);
  for (; v < V; ++v) top = row[v] > top ? row[v] : top;
  return top;
}

// row[v] = exp(row[v] - top), and their sum: kLanes chains of 64, added in order.
float exponentials(float* row, int64_t V, float top) {
  Vec sum{};
  for (int64_t v = 0; v < V; v += kPiece) {
    const int64_t end = V - v < kPiece ? V : v + kPiece;
    Vec piece{};
    int64_t i = v;
    for (; i + kLanes <= end; i += kLanes) {
      const Vec e = exp(load(row + i) - top);
      store(row + i, e);
      piece += e;
    }
    if (i < end) {
      const Vec e = exp(load_part(row + i, end - i) - top);
      store_part(row + i, e, end - i);
      float last[kLanes] = {};
      store_part(last, e, end - i);
      piece += load(last);
    }
    sum += piece;
  }
  return sum_lanes(sum);
}

// A row of cross_entropy for logits that a cap bounds: the row is read three times and written once, since
// the slope of the cap needs what the exponential replaces.
float capped_row(float* row, int64_t V, int32_t target, float w, SoftCap cap) {
  const auto capped = [&](int64_t v, auto lanes) __attribute__((always_inline)) {
    return cap.apply(load(row + v, lanes));
  };
  const float top = cap.apply(splat(max_of_row(row, V)))[0], own = cap.apply(splat(row[target]))[0];
  const float own_slope = cap.slope(splat(own))[0];
  Vec sum{};
  for (int64_t v = 0; v < V; v += kPiece) {
    Vec piece{};
    for_lanes(V - v < kPiece ? V - v : kPiece,
              [&](int64_t i, auto lanes) { piece += only(exp(capped(v + i, lanes) - top), lanes); });
    sum += piece;
  }
  const float total = sum_lanes(sum), share = w / total;
  for_lanes(V, [&](int64_t v, auto lanes) {
    const Vec z = capped(v, lanes);
    store(row + v, exp(z - top) * share * cap.slope(z), lanes);
  });
  row[target] -= w * own_slope;
  return __builtin_logf(total) - (own - top);
}

}  // namespace

/// The loss of each position and, in place of its logits, their gradient.
///
///   z = capped(logits), capped(x) = cap tanh(x/cap), or x for cap 0;  loss[t] = log sum_v exp(z[t,v]) -
///   z[t,target[t]]; logits[t,v] = w[t] * (softmax(z[t,:])[v] - [v = target[t]]) * (1 - (z[t,v]/cap)^2)
///
/// Shapes   targets (T) I32, < 0 for none: loss 0 and gradient 0; w, loss (T); logits (T,V)
/// Units    loss in nats, not weighted
/// Numbers  float32; the exponentials are taken after the row's largest logit, summed in kLanes chains of 64 whose sums
///          are added in order: relative error of the sum, and so absolute error of the loss, at most (V/(64 kLanes) +
///          80) * 2^-24, besides 2^-24 (|largest| + |target|). A row depends on itself only. NaN in gives NaN in its
///          row.
/// Launch   rows over the threads.
/// Cost     about 20 operations a logit; each is read three times and written twice, from the cache after the first.
///          With a cap about 60 operations.
/// Source   the definition; cap: arXiv:2408.00118, section 2
void CpuDevice::cross_entropy(int32_t T, int32_t V, float cap, const int32_t* targets, const float* w, float* logits,
                              float* loss) {
  for_ranges(threads_, T, int64_t{T} * V, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = logits + t * V;
      if (targets[t] < 0) {
        for (int64_t v = 0; v < V; ++v) row[v] = 0.0f;
        loss[t] = 0.0f;
        continue;
      }
      if (cap > 0.0f) {
        loss[t] = capped_row(row, V, targets[t], w[t], {cap});
        continue;
      }
      const float top = max_of_row(row, V), target = row[targets[t]];
      const float sum = exponentials(row, V, top);
      loss[t] = __builtin_logf(sum) - (target - top);
      const float scale = w[t] / sum;
      for_lanes(V, [&](int64_t v, auto lanes) { store(row + v, load(row + v, lanes) * scale, lanes); });
      row[targets[t]] -= w[t];
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
