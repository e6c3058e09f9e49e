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

void row_square(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  t.check("row_square", cop_row_square(t.context(), t.size(T), t.size(D), t.in(T * D), t.out(T * D * (D + 1) / 2)));
}

}  // namespace

std::vector<Call> influence_calls() {
  return {
      {"dense_tail_hvp", dense_tail_hvp}, {"dense_tail_curvature", dense_tail_curvature}, {"row_square", row_square}};
}
