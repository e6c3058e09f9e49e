// SPDX-License-Identifier: Apache-2.0
// What a device provides. Arguments as in coppice.h, already checked.
#pragma once
#include <cstdint>
#include <memory>

struct cop_step;

namespace coppice {

// The surrogate behind its last dense layer, as the operations cop_dense_tail_* share it.
struct DenseTail {
  const float *middle_xhat, *middle_rstd, *middle_gamma;
  const float *first, *first_weight, *second, *second_weight, *hidden;
  const float *out_xhat, *out_rstd, *out_gamma;
  const float* table;
  const int32_t *positives, *negatives;
  const float *w, *dhidden, *dmiddle;
};

// LiSSA's recursion, as in cop_dense_tail_lissa.
struct LissaSteps {
  int32_t steps, batch;
  const int32_t* ranges;
  float damp, rate;
  const float* g;
  float *h, *norms;
};

class Device {
 public:
  virtual ~Device();
  // One line about the device and what it uses, as long as it lives.
  virtual const char* description() const = 0;
  // The CUDA stream on which everything is queued; null where there is none.
  virtual void* stream() const;
  virtual void* alloc(int64_t bytes) = 0;
  virtual void free(void* ptr, int64_t bytes) noexcept = 0;
  virtual void upload(void* dst, const void* src, int64_t bytes) = 0;
  virtual void download(void* dst, const void* src, int64_t bytes) = 0;
  virtual void copy(void* dst, const void* src, int64_t bytes) = 0;
  virtual void fill(float* dst, float value, int64_t count) = 0;
  virtual void sync() = 0;

  // Graphs and what their replays read: see cop_step_use and cop_graph_begin. COP_UNSUPPORTED where there are none.
  virtual void step_use(int32_t T, const cop_step* step);
  virtual void graph_begin();
  virtual void graph_end(void** out);
  virtual void graph_launch(void* graph);
  virtual void graph_free(void* graph);

  virtual void gemm(int32_t trans_a, int32_t trans_b, int32_t m, int32_t n, int32_t k, float alpha, const float* a,
                    const void* b, int32_t b_dtype, float beta, float* c) = 0;
  virtual void axpy(int64_t N, float alpha, const float* x, float* y) = 0;
  virtual void scale(int64_t N, float alpha, float* x) = 0;
  virtual void convert(int64_t N, const void* src, int32_t src_dtype, float* dst) = 0;
  virtual void round_bf16(int64_t N, const float* src, uint16_t* dst) = 0;
  virtual void dropout_forward(int32_t T, int32_t D, const float* x, float p, int64_t seed, int32_t step, int32_t site,
                               int64_t first, float* y) = 0;
  virtual void bias_forward(int32_t T, int32_t D, const float* bias, float* x) = 0;
  virtual void bias_backward(int32_t T, int32_t D, const float* dy, float* dbias) = 0;
  virtual void bias_relu_forward(int32_t T, int32_t D, const float* x, const float* bias, float* y) = 0;
  virtual void bias_relu_backward(int32_t T, int32_t D, const float* dy, const float* y, float* dx, float* dbias) = 0;
  virtual void bias_relu_forward_jvp(int32_t T, int32_t D, const float* x_dot, const float* bias_dot, const float* y,
                                     float* y_dot) = 0;
  virtual void embedding_forward(int32_t T, int32_t D, int32_t V, const int32_t* ids, const void* table,
                                 int32_t table_dtype, int32_t accumulate, float* out) = 0;
  virtual void embedding_backward(int32_t R, int32_t D, int32_t V, const int32_t* rows, const int32_t* segments,
                                  const int32_t* order, const float* coef, const float* src, float* dtable) = 0;
  virtual void residual_layer_norm_forward(int32_t T, int32_t D, const float* x, const float* bias,
                                           const float* residual, const float* gamma, const float* beta, float eps,
                                           float p, int64_t seed, int32_t step, int32_t site, int64_t first, float* y,
                                           float* xhat, float* rstd) = 0;
  virtual void residual_layer_norm_backward(int32_t T, int32_t D, const float* dy, const float* xhat, const float* rstd,
                                            const float* gamma, float p, int64_t seed, int32_t step, int32_t site,
                                            int64_t first, float* ds, float* dx, float* dgamma, float* dbeta,
                                            float* dbias) = 0;
  virtual void residual_layer_norm_forward_jvp(int32_t T, int32_t D, const float* s_dot, const float* xhat,
                                               const float* rstd, const float* gamma, const float* gamma_dot,
                                               const float* beta_dot, float* y_dot, float* xhat_dot,
                                               float* rstd_dot) = 0;
  virtual void residual_layer_norm_backward_jvp(int32_t T, int32_t D, const float* dy, const float* dy_dot,
                                                const float* xhat, const float* xhat_dot, const float* rstd,
                                                const float* rstd_dot, const float* gamma, const float* gamma_dot,
                                                float* ds_dot, float* dgamma_dot, float* dbeta_dot) = 0;
  virtual void attention_forward(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                                 const float* k, const float* v, float scale, float cap, int32_t window, float p,
                                 int64_t seed, int32_t step, int32_t site, const int32_t* triangles, float* out,
                                 float* lse) = 0;
  virtual void attention_backward(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                                  const float* k, const float* v, const float* out, const float* lse, const float* dout,
                                  float scale, float cap, int32_t window, float p, int64_t seed, int32_t step,
                                  int32_t site, const int32_t* triangles, float* dq, float* dk, float* dv) = 0;
  virtual void attention_forward_jvp(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                                     const float* k, const float* v, const float* q_dot, const float* k_dot,
                                     const float* v_dot, const float* out, const float* lse, float scale,
                                     float* out_dot, float* lse_dot) = 0;
  virtual void attention_backward_jvp(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets,
                                      const float* q, const float* k, const float* v, const float* q_dot,
                                      const float* k_dot, const float* v_dot, const float* out, const float* out_dot,
                                      const float* lse, const float* lse_dot, const float* dout, const float* dout_dot,
                                      float scale, float* dq_dot, float* dk_dot, float* dv_dot) = 0;
  virtual void sampled_bce_forward(int32_t T, int32_t D, int32_t V, const float* h, const float* table,
                                   const int32_t* positives, const int32_t* negatives, const float* w, float* loss,
                                   float* dpos, float* dneg, float* dh) = 0;
  virtual void sampled_bce_jvp(int32_t T, int32_t D, int32_t V, const float* h, const float* h_dot, const float* table,
                               const float* table_dot, const int32_t* positives, const int32_t* negatives,
                               const float* w, float* loss_dot, float* dpos_dot, float* dneg_dot, float* dh_dot) = 0;
  virtual void sampled_bce_backward(int32_t T, int32_t D, int32_t V, const float* dpos, const float* dneg,
                                    const float* table, const int32_t* positives, const int32_t* negatives,
                                    float* dh) = 0;
  virtual void adam_step(int64_t N, float* param, const float* grad, float* m, float* v, float lr, float beta1,
                         float beta2, float eps, int64_t step) = 0;
  virtual void segment_sum(int32_t B, const int32_t* offsets, const float* values, const float* weights,
                           float* out) = 0;
  virtual void segment_dot(int32_t B, int32_t D, const int32_t* offsets, const float* x, const float* y,
                           float* out) = 0;
  virtual void linear_grad_sqnorm(int32_t B, int32_t I, int32_t O, const int32_t* offsets, const float* act,
                                  const float* delta, float* out) = 0;
  virtual void linear_grad_squares(int32_t B, int32_t I, int32_t O, const int32_t* offsets, const float* act,
                                   const float* delta, float* out) = 0;
  virtual void row_outer(int32_t T, int32_t I, int32_t O, const float* act, const float* delta, float* out) = 0;
  virtual void row_square(int32_t T, int32_t D, const float* x, float* out) = 0;
  virtual void dense_tail_hvp(int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const DenseTail& tail,
                              const float* x, const float* direction, float* out) = 0;
  virtual void dense_tail_curvature(int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const DenseTail& tail,
                                    float* out) = 0;
  virtual void dense_tail_lissa(int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const DenseTail& tail,
                                const float* x, const LissaSteps& lissa) = 0;
  virtual void item_topk(int32_t U, int32_t D, int32_t V, int32_t K, const float* h, const float* table,
                         const int32_t* mask_offsets, const int32_t* mask_ids, int32_t* ids) = 0;
  virtual void rms_norm_forward(int32_t T, int32_t D, const float* x, const float* weight, float eps, float* y,
                                float* rstd) = 0;
  virtual void rms_norm_backward(int32_t T, int32_t D, const float* dy, const float* x, const float* rstd,
                                 const float* weight, int32_t accumulate, float* dx) = 0;
  virtual void rope_forward(int32_t T, int32_t H, int32_t C, int32_t R, int32_t P, const int32_t* positions,
                            const float* cosines, const float* sines, int32_t inverse, float* x) = 0;
  virtual void swiglu_forward(int64_t N, const float* gate, const float* up, float* out) = 0;
  virtual void swiglu_backward(int64_t N, const float* dout, const float* gate, const float* up, float* dgate,
                               float* dup) = 0;
  virtual void geglu_forward(int64_t N, const float* gate, const float* up, float* out) = 0;
  virtual void geglu_backward(int64_t N, const float* dout, const float* gate, const float* up, float* dgate,
                              float* dup) = 0;
  virtual void cross_entropy(int32_t T, int32_t V, float cap, const int32_t* targets, const float* w, float* logits,
                             float* loss) = 0;
  virtual void symmetric_solve(int32_t n, double* a, double* b, int32_t* definite) = 0;
};

// The CPU device for the widest instruction set that this machine has.
std::unique_ptr<Device> make_cpu_device(int32_t threads);
const char* cpu_build_info();

}  // namespace coppice
