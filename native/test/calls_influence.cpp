// SPDX-License-Identifier: Apache-2.0
// Arguments of the operations of curvature in the last dense layer.
#include "trial.hpp"

namespace {

// Spoiled: a row of no elements has no mean.
int32_t row_width(Trial& t, int64_t D) { return t.spoiled() ? 0 : t.size(D); }

void dense_tail_hvp(Trial& t) {
  const int64_t T = t.positions(), D = 1 + t.dim(), N = T * D;
  const int32_t V = 1 + t.dim();
  t.check("dense_tail_hvp",
          cop_dense_tail_hvp(t.context(), t.size(T), row_width(t, D), t.size(V), t.coin(), t.in(N), t.in(N),
                             t.positive(T), t.in(D), t.in(N), t.in(D * D), t.in(N), t.in(D * D), t.in(N), t.in(N),
                             t.positive(T), t.in(D), t.in(V * D), t.indices_below(V, T), t.indices_below(V, T), t.in(T),
                             t.in(N), t.in(N), t.in(D * D), t.out(D * D)));
}

void dense_tail_curvature(Trial& t) {
  const int64_t T = t.dim(), D = 1 + t.below(20), N = T * D;
  const int32_t V = 1 + t.dim();
  t.check("dense_tail_curvature",
          cop_dense_tail_curvature(t.context(), t.size(T), row_width(t, D), t.size(V), t.coin(), t.in(N), t.positive(T),
                                   t.in(D), t.in(N), t.in(D * D), t.in(N), t.in(D * D), t.in(N), t.in(N), t.positive(T),
                                   t.in(D), t.in(V * D), t.indices_below(V, T), t.indices_below(V, T), t.in(T), t.in(N),
                                   t.in(N), t.out(T * D * (D + 1) / 2)));
}

// With a small rate: h, not the sum of cancelling products, decides the size of the result.
void dense_tail_lissa(Trial& t) {
  const int64_t T = t.dim(), D = 1 + t.dim(), N = T * D, steps = t.below(4), batch = 1 + t.below(3);
  const int32_t V = 1 + t.dim();
  std::vector<int32_t> ranges;
  for (int64_t sample = 0; sample < steps * batch; ++sample) {
    const int32_t begin = t.below(static_cast<int32_t>(T) + 1);
    ranges.push_back(begin);
    ranges.push_back(begin + t.below(static_cast<int32_t>(T) - begin + 1));
  }
  t.check("dense_tail_lissa",
          cop_dense_tail_lissa(t.context(), t.size(T), row_width(t, D), t.size(V), t.coin(), t.in(N), t.in(N),
                               t.positive(T), t.in(D), t.in(N), t.in(D * D), t.in(N), t.in(D * D), t.in(N), t.in(N),
                               t.positive(T), t.in(D), t.in(V * D), t.indices_below(V, T), t.indices_below(V, T),
                               t.in(T), t.in(N), t.in(N), t.size(steps), t.spoiled() ? 0 : t.size(batch),
                               t.indices(ranges), 0.25f, 1e-6f, t.in(D * D), t.in_out(D * D), t.out(steps)));
}

void row_square(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  t.check("row_square", cop_row_square(t.context(), t.size(T), t.size(D), t.in(T * D), t.out(T * D * (D + 1) / 2)));
}

}  // namespace

std::vector<Call> influence_calls() {
  return {{"dense_tail_hvp", dense_tail_hvp},
          {"dense_tail_curvature", dense_tail_curvature},
          {"dense_tail_lissa", dense_tail_lissa},
          {"row_square", row_square}};
}
