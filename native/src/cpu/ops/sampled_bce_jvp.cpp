// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "logistic.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// One side of the loss, the positive or the negative item, over kLanes positions.
struct Side {
  const float* table;
  const float* table_dot;  // or null
  const int32_t* items;
  int64_t D;

  // score[j] = table[item].h, score_dot[j] = table[item].h_dot + table_dot[item].h at position first + j
  COPPICE_INLINE void scores(const float* h, const float* h_dot, int64_t first, int64_t count, float* score,
                             float* score_dot) const {
    for (int64_t j = 0; j < count; ++j) {
      const float* row = h + (first + j) * D;
      const float* row_dot = h_dot + (first + j) * D;
      const float* item = table + items[first + j] * D;
      Vec value = {}, tangent = {};
      for_lanes(D, [&](int64_t d, auto part) {
        const Vec weight = load(item + d, part);
        value = madd(load(row + d, part), weight, value);
        tangent = madd(load(row_dot + d, part), weight, tangent);
      });
      if (table_dot != nullptr) {
        const float* item_dot = table_dot + items[first + j] * D;
        for_lanes(
            D, [&](int64_t d, auto part) { tangent = madd(load(row + d, part), load(item_dot + d, part), tangent); });
      }
      score[j] = sum_lanes(value);
      score_dot[j] = sum_lanes(tangent);
    }
  }

  // gradient_dot * table[item] + gradient * table_dot[item] at element d of position t
  template <class Part>
  COPPICE_INLINE Vec term(int64_t t, int64_t d, Part part, float gradient, float gradient_dot) const {
    const Vec tangent = load(table + items[t] * D + d, part) * gradient_dot;
    if (table_dot == nullptr) return tangent;
    return madd(splat(gradient), load(table_dot + items[t] * D + d, part), tangent);
  }
};

}  // namespace

/// The tangent of sampled_bce_forward.
///
///   p_dot = table[positives[t]].h_dot[t] + table_dot[positives[t]].h[t], n_dot likewise;  s = sigmoid
///   loss_dot[t] = (s(p) - 1) * p_dot + s(n) * n_dot;  dpos_dot[t] = w[t] * s'(p) * p_dot, dneg_dot[t] = w[t] * s'(n) *
///   n_dot dh_dot[t,:] = dpos_dot * table[pos] + dpos * table_dot[pos] + dneg_dot * table[neg] + dneg * table_dot[neg]
///
/// Shapes   h, h_dot, dh_dot (T,D); table, table_dot (V,D), table_dot may be null; positives, negatives (T) I32 in
///          0..V-1; w, dpos_dot, dneg_dot (T); loss_dot (T) or null.
/// Numbers  |error of p_dot, n_dot| <= (D/2 + 4) * 2^-24 of the sum of absolute terms; that of p, n as in
///          sampled_bce_forward; 8 * 2^-24 of each result of their own. s' = s(p) * s(-p) does not cancel.
/// Cost     6 T*D multiply-adds, 11 with table_dot; two rows of each table at random for each position.
/// Source   the product rule; Pearlmutter, Neural Computation 1994.
void CpuDevice::sampled_bce_jvp(int32_t T, int32_t D, int32_t, const float* h, const float* h_dot, const float* table,
                                const float* table_dot, const int32_t* positives, const int32_t* negatives,
                                const float* w, float* loss_dot, float* dpos_dot, float* dneg_dot, float* dh_dot) {
  const Side positive{table, table_dot, positives, D}, negative{table, table_dot, negatives, D};
  const auto block = [=](int64_t first, auto group, int64_t count) {
    float score[kLanes] = {}, score_dot[kLanes] = {}, gradient_p[kLanes], gradient_n[kLanes];
    const Vec weight = load(w + first, group);
    positive.scores(h, h_dot, first, count, score, score_dot);
    const Vec minus_p = -load(score), p_dot = load(score_dot), exp_p = exp_of_minus_abs(minus_p);
    const Vec sigmoid_p = sigmoid(minus_p, exp_p);  // 1 - sigmoid(p)
    store(gradient_p, -(weight * sigmoid_p));
    store(dpos_dot + first, weight * (sigmoid_p * sigmoid(-minus_p, exp_p)) * p_dot, group);
    negative.scores(h, h_dot, first, count, score, score_dot);
    const Vec n = load(score), n_dot = load(score_dot), exp_n = exp_of_minus_abs(n);
    const Vec sigmoid_n = sigmoid(n, exp_n);
    store(gradient_n, weight * sigmoid_n);
    store(dneg_dot + first, weight * (sigmoid_n * sigmoid(-n, exp_n)) * n_dot, group);
    if (loss_dot != nullptr) store(loss_dot + first, madd(sigmoid_n, n_dot, -(sigmoid_p * p_dot)), group);
    for (int64_t j = 0; j < count; ++j) {
      const int64_t t = first + j;
      const float dot_p = dpos_dot[t], dot_n = dneg_dot[t];
      for_lanes(D, [&](int64_t d, auto part) {
        store(dh_dot + t * D + d,
              positive.term(t, d, part, gradient_p[j], dot_p) + negative.term(t, d, part, gradient_n[j], dot_n), part);
      });
    }
  };
  for_ranges(threads_, T, int64_t{T} * (D + 16), [=](int64_t begin, int64_t end) {
    int64_t t = begin;
    for (; t + kLanes <= end; t += kLanes) block(t, All{}, kLanes);
    if (t < end) block(t, First{end - t}, end - t);
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
