// SPDX-License-Identifier: Apache-2.0
// The C boundary: operations that every model uses. Checks what protects memory, calls the device, translates
// exceptions.
#include <cmath>

#include "context.hpp"
#include "error.hpp"

using coppice::guard;

namespace {

bool is_float(int32_t dtype) { return dtype == COP_F32 || dtype == COP_BF16 || dtype == COP_F16; }
bool is_rate(float p) { return p >= 0.0f && p < 1.0f; }

}  // namespace

int32_t cop_gemm(cop_context* ctx, int32_t trans_a, int32_t trans_b, int32_t m, int32_t n, int32_t k, float alpha,
                 const float* a, const void* b, int32_t b_dtype, float beta, float* c) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(m >= 0 && n >= 0 && k >= 0);
    COP_REQUIRE(a != nullptr && b != nullptr && c != nullptr);
    COP_REQUIRE(is_float(b_dtype));
    COP_FAULT_POINT("launch");
    ctx->device->gemm(trans_a, trans_b, m, n, k, alpha, a, b, b_dtype, beta, c);
  });
}

int32_t cop_axpy(cop_context* ctx, int64_t N, float alpha, const float* x, float* y) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(N >= 0);
    COP_REQUIRE(x != nullptr && y != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->axpy(N, alpha, x, y);
  });
}

int32_t cop_scale(cop_context* ctx, int64_t N, float alpha, float* x) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(N >= 0);
    COP_REQUIRE(x != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->scale(N, alpha, x);
  });
}

int32_t cop_convert(cop_context* ctx, int64_t N, const void* src, int32_t src_dtype, float* dst) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(N >= 0);
    COP_REQUIRE(src != nullptr && dst != nullptr);
    COP_REQUIRE(is_float(src_dtype));
    COP_FAULT_POINT("launch");
    ctx->device->convert(N, src, src_dtype, dst);
  });
}

int32_t cop_round_bf16(cop_context* ctx, int64_t N, const float* src, uint16_t* dst) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(N >= 0);
    COP_REQUIRE(src != nullptr && dst != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->round_bf16(N, src, dst);
  });
}

int32_t cop_dropout_forward(cop_context* ctx, int32_t T, int32_t D, const float* x, float p, int64_t seed, int32_t step,
                            int32_t site, int64_t first, float* y) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(x != nullptr && y != nullptr);
    COP_REQUIRE(is_rate(p));
    COP_REQUIRE(first >= 0 && first < int64_t{1} << 32);
    COP_FAULT_POINT("launch");
    ctx->device->dropout_forward(T, D, x, p, seed, step, site, first, y);
  });
}

int32_t cop_bias_forward(cop_context* ctx, int32_t T, int32_t D, const float* bias, float* x) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(bias != nullptr && x != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->bias_forward(T, D, bias, x);
  });
}

int32_t cop_bias_backward(cop_context* ctx, int32_t T, int32_t D, const float* dy, float* dbias) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(dy != nullptr && dbias != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->bias_backward(T, D, dy, dbias);
  });
}

int32_t cop_embedding_forward(cop_context* ctx, int32_t T, int32_t D, int32_t V, const int32_t* ids, const void* table,
                              int32_t table_dtype, int32_t accumulate, float* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0 && V >= 0);
    COP_REQUIRE(ids != nullptr && table != nullptr && out != nullptr);
    COP_REQUIRE(is_float(table_dtype));
    COP_FAULT_POINT("launch");
    ctx->device->embedding_forward(T, D, V, ids, table, table_dtype, accumulate, out);
  });
}

int32_t cop_embedding_backward(cop_context* ctx, int32_t R, int32_t D, int32_t V, const int32_t* rows,
                               const int32_t* segments, const int32_t* order, const float* coef, const float* src,
                               float* dtable) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(R >= 0 && D >= 0 && V >= 0);
    COP_REQUIRE(rows != nullptr && segments != nullptr && order != nullptr && src != nullptr && dtable != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->embedding_backward(R, D, V, rows, segments, order, coef, src, dtable);
  });
}

int32_t cop_attention_forward(cop_context* ctx, int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets,
                              const float* q, const float* k, const float* v, float scale, float cap, int32_t window,
                              float p, int64_t seed, int32_t step, int32_t site, const int32_t* triangles, float* out,
                              float* lse) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(B >= 0 && H >= 0 && G >= 0 && C >= 0);
    COP_REQUIRE(offsets != nullptr && q != nullptr && k != nullptr && v != nullptr && out != nullptr && lse != nullptr);
    COP_REQUIRE(G > 0 && C > 0 && H % G == 0);
    COP_REQUIRE(C <= 256);
    COP_REQUIRE(is_rate(p) && (triangles != nullptr || p == 0.0f));
    COP_REQUIRE(cap >= 0.0f && cap < INFINITY && window > 0);
    COP_REQUIRE(p == 0.0f || (cap == 0.0f && window == INT32_MAX));
    COP_FAULT_POINT("launch");
    ctx->device->attention_forward(B, H, G, C, offsets, q, k, v, scale, cap, window, p, seed, step, site, triangles,
                                   out, lse);
  });
}

int32_t cop_attention_backward(cop_context* ctx, int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets,
                               const float* q, const float* k, const float* v, const float* out, const float* lse,
                               const float* dout, float scale, float cap, int32_t window, float p, int64_t seed,
                               int32_t step, int32_t site, const int32_t* triangles, float* dq, float* dk, float* dv) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(B >= 0 && H >= 0 && G >= 0 && C >= 0);
    COP_REQUIRE(offsets != nullptr && q != nullptr && k != nullptr && v != nullptr && out != nullptr &&
                lse != nullptr && dout != nullptr && dv != nullptr);
    COP_REQUIRE(G > 0 && C > 0 && H % G == 0);
    COP_REQUIRE(C <= 256);
    COP_REQUIRE(is_rate(p) && (triangles != nullptr || p == 0.0f));
    COP_REQUIRE(cap >= 0.0f && cap < INFINITY && window > 0);
    COP_REQUIRE(p == 0.0f || (cap == 0.0f && window == INT32_MAX));
    COP_REQUIRE((dq == nullptr) == (dk == nullptr));
    COP_FAULT_POINT("launch");
    ctx->device->attention_backward(B, H, G, C, offsets, q, k, v, out, lse, dout, scale, cap, window, p, seed, step,
                                    site, triangles, dq, dk, dv);
  });
}

int32_t cop_segment_sum(cop_context* ctx, int32_t B, const int32_t* offsets, const float* values, const float* weights,
                        float* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(B >= 0);
    COP_REQUIRE(offsets != nullptr && values != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->segment_sum(B, offsets, values, weights, out);
  });
}

int32_t cop_segment_dot(cop_context* ctx, int32_t B, int32_t D, const int32_t* offsets, const float* x, const float* y,
                        float* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(B >= 0 && D >= 0);
    COP_REQUIRE(offsets != nullptr && x != nullptr && y != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->segment_dot(B, D, offsets, x, y, out);
  });
}

int32_t cop_linear_grad_sqnorm(cop_context* ctx, int32_t B, int32_t I, int32_t O, const int32_t* offsets,
                               const float* act, const float* delta, float* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(B >= 0 && I >= 0 && O >= 0);
    COP_REQUIRE(offsets != nullptr && act != nullptr && delta != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->linear_grad_sqnorm(B, I, O, offsets, act, delta, out);
  });
}

int32_t cop_linear_grad_squares(cop_context* ctx, int32_t B, int32_t I, int32_t O, const int32_t* offsets,
                                const float* act, const float* delta, float* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(B >= 0 && I >= 0 && O >= 0);
    COP_REQUIRE(offsets != nullptr && act != nullptr && delta != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->linear_grad_squares(B, I, O, offsets, act, delta, out);
  });
}

int32_t cop_row_outer(cop_context* ctx, int32_t T, int32_t I, int32_t O, const float* act, const float* delta,
                      float* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && I >= 0 && O >= 0);
    COP_REQUIRE(act != nullptr && delta != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->row_outer(T, I, O, act, delta, out);
  });
}

int32_t cop_symmetric_solve(cop_context* ctx, int32_t n, double* a, double* b, int32_t* definite) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(n >= 0);
    COP_REQUIRE(a != nullptr && b != nullptr && definite != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->symmetric_solve(n, a, b, definite);
  });
}
