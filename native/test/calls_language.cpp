// SPDX-License-Identifier: Apache-2.0
// Arguments of the operations of the language model.
#include "trial.hpp"

namespace {

int32_t row_width(Trial& t, int64_t D) { return t.spoiled() ? 0 : t.size(D); }

void rms_norm_forward(Trial& t) {
  const int64_t T = t.positions(), D = 1 + t.dim();
  t.check("rms_norm_forward", cop_rms_norm_forward(t.context(), t.size(T), row_width(t, D), t.in(T * D), t.in(D), 1e-3f,
                                                   t.out(T * D), t.out(T)));
}

void rms_norm_backward(Trial& t) {
  const int64_t T = t.positions(), D = 1 + t.dim();
  const int32_t accumulate = t.below(2);
  t.check("rms_norm_backward",
          cop_rms_norm_backward(t.context(), t.size(T), row_width(t, D), t.in(T * D), t.in(T * D), t.positive(T),
                                t.in(D), accumulate, accumulate != 0 ? t.in_out(T * D) : t.out(T * D)));
}

void rope_forward(Trial& t) {
  const int64_t T = t.positions(), H = 1 + t.below(4), C = 2 * t.dim();
  const int32_t P = 1 + t.dim(), R = 2 * t.below(static_cast<int32_t>(C) / 2 + 1);
  t.check("rope_forward",
          cop_rope_forward(t.context(), t.size(T), t.size(H), t.size(C), t.spoiled() ? 3 : R, t.size(P),
                           t.indices_below(P, T), t.in(P * R / 2), t.in(P * R / 2), t.below(2), t.in_out(T * H * C)));
}

void swiglu_forward(Trial& t) {
  const int64_t N = int64_t{t.positions()} * t.dim();
  t.check("swiglu_forward", cop_swiglu_forward(t.context(), t.long_size(N), t.in(N), t.in(N), t.out(N)));
}

void swiglu_backward(Trial& t) {
  const int64_t N = int64_t{t.positions()} * t.dim();
  t.check("swiglu_backward",
          cop_swiglu_backward(t.context(), t.long_size(N), t.in(N), t.in(N), t.in(N), t.out(N), t.out(N)));
}

void geglu_forward(Trial& t) {
  const int64_t N = int64_t{t.positions()} * t.dim();
  t.check("geglu_forward", cop_geglu_forward(t.context(), t.long_size(N), t.in(N), t.in(N), t.out(N)));
}

void geglu_backward(Trial& t) {
  const int64_t N = int64_t{t.positions()} * t.dim();
  t.check("geglu_backward",
          cop_geglu_backward(t.context(), t.long_size(N), t.in(N), t.in(N), t.in(N), t.out(N), t.out(N)));
}

void cross_entropy(Trial& t) {
  const int64_t T = t.positions();
  const int32_t V = 1 + (t.below(8) == 0 ? 1000 + t.below(100) : t.dim());
  std::vector<int32_t> targets;
  for (int64_t i = 0; i < T; ++i) targets.push_back(t.below(V + 1) - 1);  // -1: not scored
  t.check("cross_entropy", cop_cross_entropy(t.context(), t.size(T), row_width(t, V), t.coin() ? 0.0f : 2.0f,
                                             t.indices(targets), t.in(T), t.in_out(T * V), t.out(T)));
}

}  // namespace

std::vector<Call> language_calls() {
  return {{"rms_norm_forward", rms_norm_forward}, {"rms_norm_backward", rms_norm_backward},
          {"rope_forward", rope_forward},         {"swiglu_forward", swiglu_forward},
          {"swiglu_backward", swiglu_backward},   {"geglu_forward", geglu_forward},
          {"geglu_backward", geglu_backward},     {"cross_entropy", cross_entropy}};
}
