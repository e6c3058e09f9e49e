// SPDX-License-Identifier: Apache-2.0
// Arguments of the operations that every model uses.
#include "trial.hpp"

namespace {

int32_t any_dtype(Trial& t) {
  constexpr int32_t kTypes[] = {COP_F32, COP_BF16, COP_F16};
  return kTypes[t.below(3)];
}

void gemm(Trial& t) {
  const int64_t m = t.positions(), n = t.dim(), k = t.below(10) == 0 ? 600 + t.below(100) : t.dim();
  const int32_t type = any_dtype(t);
  const float beta = t.coin() ? 0.0f : 0.5f;
  t.check("gemm", cop_gemm(t.context(), t.below(2), t.below(2), t.size(m), t.size(n), t.size(k), 1.5f, t.in(m * k),
                           t.in_as(type, n * k), t.dtype(type), beta, beta == 0.0f ? t.out(m * n) : t.in_out(m * n)));
}

void axpy(Trial& t) {
  const int64_t N = int64_t{t.positions()} * t.dim();
  t.check("axpy", cop_axpy(t.context(), t.long_size(N), t.number(), t.in(N), t.in_out(N)));
}

void scale(Trial& t) {
  const int64_t N = int64_t{t.positions()} * t.dim();
  t.check("scale", cop_scale(t.context(), t.long_size(N), t.number(), t.in_out(N)));
}

void convert(Trial& t) {
  const int64_t N = int64_t{t.positions()} * t.dim();
  const int32_t type = any_dtype(t);
  t.check("convert", cop_convert(t.context(), t.long_size(N), t.in_as(type, N), t.dtype(type), t.out(N)));
}

// An even number, whose results fill whole indices.
void round_bf16(Trial& t) {
  const int64_t N = 2 * int64_t{t.positions()} * t.dim();
  int32_t* out = t.out_indices(N / 2);
  t.check("round_bf16", cop_round_bf16(t.context(), t.long_size(N), t.in(N), reinterpret_cast<uint16_t*>(out)));
}

void dropout_forward(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  const float p = t.below(4) == 0 ? 0.0f : static_cast<float>(t.below(100)) / 100;
  t.check("dropout_forward", cop_dropout_forward(t.context(), t.size(T), t.size(D), t.in(T * D), t.rate(p),
                                                 int64_t{t.below(1 << 30)} << 20, t.below(1 << 30), t.below(65536),
                                                 int64_t{t.below(1 << 30)} * 4, t.out(T * D)));
}

void bias_forward(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  t.check("bias_forward", cop_bias_forward(t.context(), t.size(T), t.size(D), t.in(D), t.in_out(T * D)));
}

void bias_backward(Trial& t) {
  const int64_t T = t.positions(), D = t.dim();
  t.check("bias_backward", cop_bias_backward(t.context(), t.size(T), t.size(D), t.in(T * D), t.out(D)));
}

void embedding_forward(Trial& t) {
  const int64_t T = t.positions(), D = t.dim(), V = 1 + t.dim();
  const int32_t type = any_dtype(t), accumulate = t.below(2);
  t.check("embedding_forward",
          cop_embedding_forward(t.context(), t.size(T), t.size(D), t.size(V),
                                t.indices_below(static_cast<int32_t>(V), T), t.in_as(type, V * D), t.dtype(type),
                                accumulate, accumulate != 0 ? t.in_out(T * D) : t.out(T * D)));
}

void embedding_backward(Trial& t) {
  const int64_t T = 1 + t.positions(), D = t.dim();
  const int32_t R = t.dim(), V = R + t.below(9);
  std::vector<int32_t> rows, segments{0}, order;
  for (int32_t r = 0; r < R; ++r) {
    rows.push_back(V - 1 - r);
    for (int32_t n = t.below(9); n > 0; --n) order.push_back(t.below(static_cast<int32_t>(T)));
    segments.push_back(static_cast<int32_t>(order.size()));
  }
  t.check("embedding_backward",
          cop_embedding_backward(t.context(), t.size(R), t.size(D), t.size(V), t.indices(rows), t.indices(segments),
                                 t.indices(order), t.maybe_in(T), t.in(T * D), t.in_out(V * D)));
}

struct Attention {
  int32_t G, H, C, B;
  std::vector<int32_t> offsets, triangles{0};
  int64_t T;
  explicit Attention(Trial& t) : G(1 + t.below(3)), H(G * (1 + t.below(3))), C(1 + t.dim()), B(t.dim() % 9) {
    offsets = random_offsets(t, B, t.below(4) == 0 ? 70 : 9);
    T = offsets.back();
    for (int32_t b = 0; b + 1 < B; ++b) {
      const int32_t n = offsets[b + 1] - offsets[b];
      triangles.push_back(triangles.back() + n * (n + 1) / 2);
    }
    triangles.resize(static_cast<size_t>(B));
  }
  int64_t q() const { return T * H * C; }
  int64_t k() const { return T * G * C; }
  int64_t rows() const { return T * H; }
  // Spoiled: no heads of keys, or a head wider than the kernels take.
  int32_t width(Trial& t) const { return t.spoiled() ? (t.coin() ? 0 : 257) : t.size(C); }
  int32_t groups(Trial& t) const { return t.spoiled() ? (t.coin() ? 0 : H + 1) : t.size(G); }
};

void attention_forward(Trial& t) {
  const Attention a(t);
  const float p = t.coin() ? 0.0f : 0.25f, cap = p == 0.0f && t.coin() ? 0.5f : 0.0f;
  const int32_t window = p == 0.0f && t.coin() ? 1 + t.below(12) : INT32_MAX;
  t.check(
      "attention_forward",
      cop_attention_forward(t.context(), t.size(a.B), t.size(a.H), a.groups(t), a.width(t), t.indices(a.offsets),
                            t.in(a.q()), t.in(a.k()), t.in(a.k()), 0.3f, cap, window, t.rate(p), 77, t.below(99),
                            t.below(99), p == 0.0f ? nullptr : t.indices(a.triangles), t.out(a.q()), t.out(a.rows())));
}

void attention_backward(Trial& t) {
  const Attention a(t);
  const float p = t.coin() ? 0.0f : 0.25f, cap = p == 0.0f && t.coin() ? 0.5f : 0.0f;
  const int32_t window = p == 0.0f && t.coin() ? 1 + t.below(12) : INT32_MAX;
  float* dq = t.maybe_out(a.q());
  float* dk = dq == nullptr ? nullptr : t.out(a.k());  // both or none
  t.check("attention_backward",
          cop_attention_backward(t.context(), t.size(a.B), t.size(a.H), a.groups(t), a.width(t), t.indices(a.offsets),
                                 t.in(a.q()), t.in(a.k()), t.in(a.k()), t.in(a.q()), t.positive(a.rows()), t.in(a.q()),
                                 0.3f, cap, window, t.rate(p), 77, t.below(99), t.below(99),
                                 p == 0.0f ? nullptr : t.indices(a.triangles), dq, dk, t.out(a.k())));
}

// `out` and `lse` are what the forward pass gives: for others, devices need not agree.
void attention_forward_jvp(Trial& t) {
  const Attention a(t);
  cop_context* context = t.context();
  const int32_t B = t.size(a.B), H = t.size(a.H), G = a.groups(t), C = a.width(t);
  const int32_t* offsets = t.indices(a.offsets);
  const float *q = t.in(a.q()), *k = t.in(a.k()), *v = t.in(a.k());
  float *out = const_cast<float*>(t.in(a.q())), *lse = const_cast<float*>(t.in(a.rows()));
  cop_attention_forward(context, B, H, G, C, offsets, q, k, v, 0.3f, 0.0f, INT32_MAX, 0.0f, 0, 0, 0, nullptr, out, lse);
  t.check("attention_forward_jvp",
          cop_attention_forward_jvp(context, B, H, G, C, offsets, q, k, v, t.in(a.q()), t.in(a.k()), t.in(a.k()), out,
                                    lse, 0.3f, t.out(a.q()), t.out(a.rows())));
}

void attention_backward_jvp(Trial& t) {
  const Attention a(t);
  t.check(
      "attention_backward_jvp",
      cop_attention_backward_jvp(t.context(), t.size(a.B), t.size(a.H), a.groups(t), a.width(t), t.indices(a.offsets),
                                 t.in(a.q()), t.in(a.k()), t.in(a.k()), t.in(a.q()), t.in(a.k()), t.in(a.k()),
                                 t.in(a.q()), t.in(a.q()), t.positive(a.rows()), t.in(a.rows()), t.in(a.q()),
                                 t.in(a.q()), 0.3f, t.out(a.q()), t.out(a.k()), t.out(a.k())));
}

void segment_sum(Trial& t) {
  const std::vector<int32_t> offsets = random_offsets(t, t.dim(), 9);
  t.check("segment_sum", cop_segment_sum(t.context(), t.size(static_cast<int64_t>(offsets.size()) - 1),
                                         t.indices(offsets), t.in(offsets.back()), t.maybe_in(offsets.back()),
                                         t.out(static_cast<int64_t>(offsets.size()) - 1)));
}

void segment_dot(Trial& t) {
  const int64_t B = t.dim(), D = t.dim();
  const std::vector<int32_t> offsets = random_offsets(t, static_cast<int32_t>(B), 9);
  const int64_t N = offsets.back() * D;
  t.check("segment_dot",
          cop_segment_dot(t.context(), t.size(B), t.size(D), t.indices(offsets), t.in(N), t.in(N), t.out(B)));
}

void linear_grad_sqnorm(Trial& t) {
  const int64_t B = t.dim(), I = t.dim(), O = t.dim();
  const std::vector<int32_t> offsets = random_offsets(t, static_cast<int32_t>(B), 9);
  t.check("linear_grad_sqnorm", cop_linear_grad_sqnorm(t.context(), t.size(B), t.size(I), t.size(O), t.indices(offsets),
                                                       t.in(offsets.back() * I), t.in(offsets.back() * O), t.out(B)));
}

void linear_grad_squares(Trial& t) {
  const int64_t B = t.dim(), I = t.dim(), O = t.dim();
  const std::vector<int32_t> offsets = random_offsets(t, static_cast<int32_t>(B), 9);
  t.check("linear_grad_squares",
          cop_linear_grad_squares(t.context(), t.size(B), t.size(I), t.size(O), t.indices(offsets),
                                  t.in(offsets.back() * I), t.in(offsets.back() * O), t.out(O * I)));
}

void row_outer(Trial& t) {
  const int64_t T = t.dim(), I = t.dim(), O = t.dim();
  t.check("row_outer",
          cop_row_outer(t.context(), t.size(T), t.size(I), t.size(O), t.in(T * I), t.in(T * O), t.out(T * I * O)));
}

void symmetric_solve(Trial& t) {
  const int32_t n = t.dim();
  const size_t size = static_cast<size_t>(n);
  std::vector<double> a(size * size), b(size);
  const double shift = t.coin() ? 3.0 * n : 0.0;
  for (size_t i = 0; i < size; ++i) {
    b[i] = t.number();
    for (size_t j = 0; j < size; ++j) a[i * size + j] = t.number() + (i == j ? shift : 0.0);
  }
  const int32_t status =
      cop_symmetric_solve(t.context(), t.size(n), t.in_out_doubles(a), t.in_out_doubles(b), t.out_indices(1));
  if (status == COP_INVALID_ARGUMENT && !t.refused()) return;  // singular
  t.check("symmetric_solve", status);
}

}  // namespace

std::vector<Call> core_calls() {
  return {{"gemm", gemm},
          {"axpy", axpy},
          {"scale", scale},
          {"convert", convert},
          {"round_bf16", round_bf16},
          {"dropout_forward", dropout_forward},
          {"bias_forward", bias_forward},
          {"bias_backward", bias_backward},
          {"embedding_forward", embedding_forward},
          {"embedding_backward", embedding_backward},
          {"attention_forward", attention_forward},
          {"attention_backward", attention_backward},
          {"attention_forward_jvp", attention_forward_jvp},
          {"attention_backward_jvp", attention_backward_jvp},
          {"segment_sum", segment_sum},
          {"segment_dot", segment_dot},
          {"linear_grad_sqnorm", linear_grad_sqnorm},
          {"linear_grad_squares", linear_grad_squares},
          {"row_outer", row_outer},
          {"symmetric_solve", symmetric_solve}};
}
