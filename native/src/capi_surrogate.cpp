// SPDX-License-Identifier: Apache-2.0
// The C boundary: operations of the surrogate. Checks what protects memory, calls the device, translates exceptions.
#include "context.hpp"
#include "error.hpp"

using coppice::guard;

namespace {

bool is_rate(float p) { return p >= 0.0f && p < 1.0f; }

}  // namespace

int32_t cop_bias_relu_forward(cop_context* ctx, int32_t T, int32_t D, const float* x, const float* bias, float* y) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(x != nullptr && y != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->bias_relu_forward(T, D, x, bias, y);
  });
}

int32_t cop_bias_relu_backward(cop_context* ctx, int32_t T, int32_t D, const float* dy, const float* y, float* dx,
                               float* dbias) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(dy != nullptr && y != nullptr && dx != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->bias_relu_backward(T, D, dy, y, dx, dbias);
  });
}

int32_t cop_bias_relu_forward_jvp(cop_context* ctx, int32_t T, int32_t D, const float* x_dot, const float* bias_dot,
                                  const float* y, float* y_dot) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(x_dot != nullptr && y != nullptr && y_dot != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->bias_relu_forward_jvp(T, D, x_dot, bias_dot, y, y_dot);
  });
}

int32_t cop_residual_layer_norm_forward(cop_context* ctx, int32_t T, int32_t D, const float* x, const float* bias,
                                        const float* residual, const float* gamma, const float* beta, float eps,
                                        float p, int64_t seed, int32_t step, int32_t site, int64_t first, float* y,
                                        float* xhat, float* rstd) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(x != nullptr && gamma != nullptr && beta != nullptr && y != nullptr && xhat != nullptr &&
                rstd != nullptr);
    COP_REQUIRE(is_rate(p));
    COP_REQUIRE(first >= 0 && first < int64_t{1} << 32);
    COP_REQUIRE(D > 0);
    COP_FAULT_POINT("launch");
    ctx->device->residual_layer_norm_forward(T, D, x, bias, residual, gamma, beta, eps, p, seed, step, site, first, y,
                                             xhat, rstd);
  });
}

int32_t cop_residual_layer_norm_backward(cop_context* ctx, int32_t T, int32_t D, const float* dy, const float* xhat,
                                         const float* rstd, const float* gamma, float p, int64_t seed, int32_t step,
                                         int32_t site, int64_t first, float* ds, float* dx, float* dgamma, float* dbeta,
                                         float* dbias) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(dy != nullptr && xhat != nullptr && rstd != nullptr && gamma != nullptr && ds != nullptr);
    COP_REQUIRE(is_rate(p));
    COP_REQUIRE(first >= 0 && first < int64_t{1} << 32);
    COP_REQUIRE(D > 0);
    COP_REQUIRE(dx != nullptr || p == 0.0f);
    COP_FAULT_POINT("launch");
    ctx->device->residual_layer_norm_backward(T, D, dy, xhat, rstd, gamma, p, seed, step, site, first, ds, dx, dgamma,
                                              dbeta, dbias);
  });
}

int32_t cop_residual_layer_norm_forward_jvp(cop_context* ctx, int32_t T, int32_t D, const float* s_dot,
                                            const float* xhat, const float* rstd, const float* gamma,
                                            const float* gamma_dot, const float* beta_dot, float* y_dot,
                                            float* xhat_dot, float* rstd_dot) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(s_dot != nullptr && xhat != nullptr && rstd != nullptr && gamma != nullptr && y_dot != nullptr &&
                xhat_dot != nullptr && rstd_dot != nullptr);
    COP_REQUIRE(D > 0);
    COP_FAULT_POINT("launch");
    ctx->device->residual_layer_norm_forward_jvp(T, D, s_dot, xhat, rstd, gamma, gamma_dot, beta_dot, y_dot, xhat_dot,
                                                 rstd_dot);
  });
}

int32_t cop_residual_layer_norm_backward_jvp(cop_context* ctx, int32_t T, int32_t D, const float* dy,
                                             const float* dy_dot, const float* xhat, const float* xhat_dot,
                                             const float* rstd, const float* rstd_dot, const float* gamma,
                                             const float* gamma_dot, float* ds_dot, float* dgamma_dot,
                                             float* dbeta_dot) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(dy != nullptr && dy_dot != nullptr && xhat != nullptr && xhat_dot != nullptr && rstd != nullptr &&
                rstd_dot != nullptr && gamma != nullptr && ds_dot != nullptr);
    COP_REQUIRE(D > 0);
    COP_FAULT_POINT("launch");
    ctx->device->residual_layer_norm_backward_jvp(T, D, dy, dy_dot, xhat, xhat_dot, rstd, rstd_dot, gamma, gamma_dot,
                                                  ds_dot, dgamma_dot, dbeta_dot);
  });
}

int32_t cop_attention_forward_jvp(cop_context* ctx, int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets,
                                  const float* q, const float* k, const float* v, const float* q_dot,
                                  const float* k_dot, const float* v_dot, const float* out, const float* lse,
                                  float scale, float* out_dot, float* lse_dot) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(B >= 0 && H >= 0 && G >= 0 && C >= 0);
    COP_REQUIRE(offsets != nullptr && q != nullptr && k != nullptr && v != nullptr && q_dot != nullptr &&
                k_dot != nullptr && v_dot != nullptr && out != nullptr && lse != nullptr && out_dot != nullptr &&
                lse_dot != nullptr);
    COP_REQUIRE(G > 0 && C > 0 && H % G == 0);
    COP_REQUIRE(C <= 256);
    COP_FAULT_POINT("launch");
    ctx->device->attention_forward_jvp(B, H, G, C, offsets, q, k, v, q_dot, k_dot, v_dot, out, lse, scale, out_dot,
                                       lse_dot);
  });
}

int32_t cop_attention_backward_jvp(cop_context* ctx, int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets,
                                   const float* q, const float* k, const float* v, const float* q_dot,
                                   const float* k_dot, const float* v_dot, const float* out, const float* out_dot,
                                   const float* lse, const float* lse_dot, const float* dout, const float* dout_dot,
                                   float scale, float* dq_dot, float* dk_dot, float* dv_dot) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(B >= 0 && H >= 0 && G >= 0 && C >= 0);
    COP_REQUIRE(offsets != nullptr && q != nullptr && k != nullptr && v != nullptr && q_dot != nullptr &&
                k_dot != nullptr && v_dot != nullptr && out != nullptr && out_dot != nullptr && lse != nullptr &&
                lse_dot != nullptr && dout != nullptr && dout_dot != nullptr && dq_dot != nullptr &&
                dk_dot != nullptr && dv_dot != nullptr);
    COP_REQUIRE(G > 0 && C > 0 && H % G == 0);
    COP_REQUIRE(C <= 256);
    COP_FAULT_POINT("launch");
    ctx->device->attention_backward_jvp(B, H, G, C, offsets, q, k, v, q_dot, k_dot, v_dot, out, out_dot, lse, lse_dot,
                                        dout, dout_dot, scale, dq_dot, dk_dot, dv_dot);
  });
}

int32_t cop_sampled_bce_forward(cop_context* ctx, int32_t T, int32_t D, int32_t V, const float* h, const float* table,
                                const int32_t* positives, const int32_t* negatives, const float* w, float* loss,
                                float* dpos, float* dneg, float* dh) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0 && V >= 0);
    COP_REQUIRE(h != nullptr && table != nullptr && positives != nullptr && negatives != nullptr && w != nullptr &&
                loss != nullptr && dpos != nullptr && dneg != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->sampled_bce_forward(T, D, V, h, table, positives, negatives, w, loss, dpos, dneg, dh);
  });
}

int32_t cop_sampled_bce_jvp(cop_context* ctx, int32_t T, int32_t D, int32_t V, const float* h, const float* h_dot,
                            const float* table, const float* table_dot, const int32_t* positives,
                            const int32_t* negatives, const float* w, float* loss_dot, float* dpos_dot, float* dneg_dot,
                            float* dh_dot) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0 && V >= 0);
    COP_REQUIRE(h != nullptr && h_dot != nullptr && table != nullptr && positives != nullptr && negatives != nullptr &&
                w != nullptr && dpos_dot != nullptr && dneg_dot != nullptr && dh_dot != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->sampled_bce_jvp(T, D, V, h, h_dot, table, table_dot, positives, negatives, w, loss_dot, dpos_dot,
                                 dneg_dot, dh_dot);
  });
}

int32_t cop_sampled_bce_backward(cop_context* ctx, int32_t T, int32_t D, int32_t V, const float* dpos,
                                 const float* dneg, const float* table, const int32_t* positives,
                                 const int32_t* negatives, float* dh) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0 && V >= 0);
    COP_REQUIRE(dpos != nullptr && dneg != nullptr && table != nullptr && positives != nullptr &&
                negatives != nullptr && dh != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->sampled_bce_backward(T, D, V, dpos, dneg, table, positives, negatives, dh);
  });
}

int32_t cop_adam_step(cop_context* ctx, int64_t N, float* param, const float* grad, float* m, float* v, float lr,
                      float beta1, float beta2, float eps, int64_t step) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(N >= 0);
    COP_REQUIRE(param != nullptr && grad != nullptr && m != nullptr && v != nullptr);
    COP_REQUIRE(step >= 1);
    COP_FAULT_POINT("launch");
    ctx->device->adam_step(N, param, grad, m, v, lr, beta1, beta2, eps, step);
  });
}

int32_t cop_item_topk(cop_context* ctx, int32_t U, int32_t D, int32_t V, int32_t K, const float* h, const float* table,
                      const int32_t* mask_offsets, const int32_t* mask_ids, int32_t* ids) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(U >= 0 && D >= 0 && V >= 0 && K >= 0);
    COP_REQUIRE(h != nullptr && table != nullptr && mask_offsets != nullptr && mask_ids != nullptr && ids != nullptr);
    COP_REQUIRE(K > 0);
    COP_FAULT_POINT("launch");
    ctx->device->item_topk(U, D, V, K, h, table, mask_offsets, mask_ids, ids);
  });
}
