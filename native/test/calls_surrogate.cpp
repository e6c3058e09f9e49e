// SPDX-License-Identifier: Apache-2.0
// Arguments of the operations of the surrogate.
#include "trial.hpp"

namespace {

constexpr int64_t kSeed = -0x123456789abcdefLL;

void bias_relu_forward(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  t.check("bias_relu_forward",
          cop_bias_relu_forward(t.context(), t.size(T), t.size(D), t.in(T * D), t.maybe_in(D), t.out(T * D)));
}

void bias_relu_backward(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  t.check("bias_relu_backward", cop_bias_relu_backward(t.context(), t.size(T), t.size(D), t.in(T * D), t.in(T * D),
                                                       t.out(T * D), t.maybe_out(D)));
}

void bias_relu_forward_jvp(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  t.check("bias_relu_forward_jvp", cop_bias_relu_forward_jvp(t.context(), t.size(T), t.size(D), t.in(T * D),
                                                             t.maybe_in(D), t.in(T * D), t.out(T * D)));
}

// Spoiled: a row of no elements has no mean.
int32_t row_width(Trial& t, int64_t D) { return t.spoiled() ? 0 : t.size(D); }

void residual_layer_norm_forward(Trial& t) {
  const int64_t T = t.positions(), D = 1 + t.dim(), N = T * D;
  t.check("residual_layer_norm_forward",
          cop_residual_layer_norm_forward(t.context(), t.size(T), row_width(t, D), t.in(N), t.maybe_in(D),
                                          t.maybe_in(N), t.in(D), t.in(D), 1e-3f, t.rate(t.coin() ? 0.0f : 0.5f), kSeed,
                                          t.below(99), t.below(99), t.below(9999), t.out(N), t.out(N), t.out(T)));
}

void residual_layer_norm_backward(Trial& t) {
  const int64_t T = t.positions(), D = 1 + t.dim(), N = T * D;
  const bool dropping = t.coin();
  t.check("residual_layer_norm_backward",
          cop_residual_layer_norm_backward(t.context(), t.size(T), row_width(t, D), t.in(N), t.in(N), t.positive(T),
                                           t.in(D), t.rate(dropping ? 0.5f : 0.0f), kSeed, t.below(99), t.below(99),
                                           t.below(9999), t.out(N), dropping ? t.out(N) : t.maybe_out(N),
                                           t.maybe_out(D), t.maybe_out(D), t.maybe_out(D)));
}

void residual_layer_norm_forward_jvp(Trial& t) {
  const int64_t T = t.positions(), D = 1 + t.dim(), N = T * D;
  t.check("residual_layer_norm_forward_jvp",
          cop_residual_layer_norm_forward_jvp(t.context(), t.size(T), row_width(t, D), t.in(N), t.in(N), t.positive(T),
                                              t.in(D), t.maybe_in(D), t.maybe_in(D), t.out(N), t.out(N), t.out(T)));
}

void residual_layer_norm_backward_jvp(Trial& t) {
  const int64_t T = t.positions(), D = 1 + t.dim(), N = T * D;
  t.check("residual_layer_norm_backward_jvp",
          cop_residual_layer_norm_backward_jvp(t.context(), t.size(T), row_width(t, D), t.in(N), t.in(N), t.in(N),
                                               t.in(N), t.positive(T), t.in(T), t.in(D), t.maybe_in(D), t.out(N),
                                               t.maybe_out(D), t.maybe_out(D)));
}

void sampled_bce_forward(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  const int32_t V = 1 + t.dim();
  t.check("sampled_bce_forward", cop_sampled_bce_forward(t.context(), t.size(T), t.size(D), t.size(V), t.in(T * D),
                                                         t.in(V * D), t.indices_below(V, T), t.indices_below(V, T),
                                                         t.in(T), t.out(T), t.out(T), t.out(T), t.maybe_out(T * D)));
}

void sampled_bce_jvp(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  const int32_t V = 1 + t.dim();
  t.check("sampled_bce_jvp",
          cop_sampled_bce_jvp(t.context(), t.size(T), t.size(D), t.size(V), t.in(T * D), t.in(T * D), t.in(V * D),
                              t.maybe_in(V * D), t.indices_below(V, T), t.indices_below(V, T), t.in(T), t.maybe_out(T),
                              t.out(T), t.out(T), t.out(T * D)));
}

void sampled_bce_backward(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  const int32_t V = 1 + t.dim();
  t.check("sampled_bce_backward",
          cop_sampled_bce_backward(t.context(), t.size(T), t.size(D), t.size(V), t.in(T), t.in(T), t.in(V * D),
                                   t.indices_below(V, T), t.indices_below(V, T), t.out(T * D)));
}

void adam_step(Trial& t) {
  const int64_t N = int64_t{t.positions()} * t.dim();
  const int64_t step = t.spoiled() ? -t.below(2) : 1 + t.below(1000);
  t.check("adam_step", cop_adam_step(t.context(), t.long_size(N), t.in_out(N), t.in(N), t.in_out(N),
                                     t.in_out_positive(N), 1e-3f, 0.9f, 0.999f, 1e-8f, step));
}

void item_topk(Trial& t) {
  const int64_t U = t.dim(), D = t.dim();
  const int32_t V = t.below(4) == 0 ? 1200 + t.below(50) : t.dim(), K = 1 + t.below(t.coin() ? 10 : 90);
  std::vector<int32_t> offsets{0}, masked;
  for (int64_t u = 0; u < U; ++u) {
    for (int32_t v = 1 + t.below(5); v < V; v += 1 + t.below(5)) masked.push_back(v);
    offsets.push_back(static_cast<int32_t>(masked.size()));
  }
  t.check("item_topk",
          cop_item_topk(t.context(), t.size(U), t.size(D), t.size(V), t.spoiled() ? 0 : t.size(K), t.whole(U * D),
                        t.whole(V * D), t.indices(offsets), t.indices(masked), t.out_indices(U * K)));
}

}  // namespace

std::vector<Call> surrogate_calls() {
  return {{"bias_relu_forward", bias_relu_forward},
          {"bias_relu_backward", bias_relu_backward},
          {"bias_relu_forward_jvp", bias_relu_forward_jvp},
          {"residual_layer_norm_forward", residual_layer_norm_forward},
          {"residual_layer_norm_backward", residual_layer_norm_backward},
          {"residual_layer_norm_forward_jvp", residual_layer_norm_forward_jvp},
          {"residual_layer_norm_backward_jvp", residual_layer_norm_backward_jvp},
          {"sampled_bce_forward", sampled_bce_forward},
          {"sampled_bce_jvp", sampled_bce_jvp},
          {"sampled_bce_backward", sampled_bce_backward},
          {"adam_step", adam_step},
          {"item_topk", item_topk}};
}
