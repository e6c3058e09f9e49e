// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "logistic.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The loss of one positive and one sampled negative item at each position, and its gradient.
///
///   p = table[positives[t]].h[t],  n = table[negatives[t]].h[t];  loss[t] = log(1 + exp(-p)) + log(1 + exp(n))
///   dpos[t] = w[t] * (sigmoid(p) - 1),  dneg[t] = w[t] * sigmoid(n)
///   dh[t,:] = dpos[t] * table[positives[t],:] + dneg[t] * table[negatives[t],:]
///
/// Shapes   h, dh (T,D), dh may be null; table (V,D); positives, negatives (T) I32 in 0..V-1; w, loss, dpos, dneg (T).
/// Numbers  |error of p, n| <= (D/4 + 4) * 2^-24 * sum_d |table * h|, which passes to loss, dpos and dneg with factors
/// of
///          at most 1, 1 and 1/4; of their own they add 6 * 2^-24 of each result. No overflow for any finite p, n;
///          sigmoid(p) - 1 = -sigmoid(-p) does not cancel. A position's result depends on no other position.
/// Cost     4 T*D multiply-adds, two rows of the table at random for each position.
/// Source   Kang & McAuley, ICDM 2018, equation (7), with one sampled negative.
void CpuDevice::sampled_bce_forward(int32_t T, int32_t D, int32_t, const float* h, const float* table,
                                    const int32_t* positives, const int32_t* negatives, const float* w, float* loss,
                                    float* dpos, float* dneg, float* dh) {
  const auto block = [=](int64_t first, auto group, int64_t count) {
    float positive[kLanes] = {}, negative[kLanes] = {};
    for (int64_t j = 0; j < count; ++j) {
      const float* row = h + (first + j) * D;
      const float* p = table + int64_t{positives[first + j]} * D;
      const float* n = table + int64_t{negatives[first + j]} * D;
      Vec dot_p = {}, dot_n = {};
      for_lanes(D, [&](int64_t d, auto part) {
        const Vec x = load(row + d, part);
        dot_p = madd(x, load(p + d, part), dot_p);
        dot_n = madd(x, load(n + d, part), dot_n);
      });
      positive[j] = -sum_lanes(dot_p);
      negative[j] = sum_lanes(dot_n);
    }
    const Vec p = load(positive), n = load(negative), weight = load(w + first, group);
    const Vec exp_p = exp_of_minus_abs(p), exp_n = exp_of_minus_abs(n);
    store(loss + first, softplus(p, exp_p) + softplus(n, exp_n), group);
    store(dpos + first, -(weight * sigmoid(p, exp_p)), group);
    store(dneg + first, weight * sigmoid(n, exp_n), group);
    if (dh == nullptr) return;
    for (int64_t t = first; t < first + count; ++t) {
      const float* row_p = table + int64_t{positives[t]} * D;
      const float* row_n = table + int64_t{negatives[t]} * D;
      const Vec at_p = splat(dpos[t]), at_n = splat(dneg[t]);
      for_lanes(D, [=](int64_t d, auto part) {
        store(dh + t * D + d, madd(at_p, load(row_p + d, part), at_n * load(row_n + d, part)), part);
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
