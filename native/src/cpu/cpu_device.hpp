// SPDX-License-Identifier: Apache-2.0
// The CPU device of one instruction set: host memory and OpenMP loops. Each operation is defined in a file of its own
// in ops/, compiled once for each instruction set with COPPICE_ISA set to its name.
//
// Files in ops/ must not emit code that the linker could merge between instruction sets: everything that is not a
// member of CpuDevice is static or in an anonymous namespace, and no standard container or algorithm is used (a merged
// copy compiled for AVX-512 would be called on a machine without it).
#pragma once
#include "cpu_memory.hpp"
#include "dropout_masks.hpp"

namespace coppice {
namespace COPPICE_ISA {

struct Masks;  // see philox.hpp

class CpuDevice final : public CpuMemory {
 public:
  explicit CpuDevice(int32_t threads);
  ~CpuDevice() override;
  void gemm(int32_t trans_a, int32_t trans_b, int32_t m, int32_t n, int32_t k, float alpha, const float* a,
            const void* b, int32_t b_dtype, float beta, float* c) override;
  void axpy(int64_t N, float alpha, const float* x, float* y) override;
  void scale(int64_t N, float alpha, float* x) override;
  void convert(int64_t N, const void* src, int32_t src_dtype, float* dst) override;
  void round_bf16(int64_t N, const float* src, uint16_t* dst) override;
  void dropout_forward(int32_t T, int32_t D, const float* x, float p, int64_t seed, int32_t step, int32_t site,
                       int64_t first, float* y) override;
  void bias_forward(int32_t T, int32_t D, const float* bias, float* x) override;
  void bias_backward(int32_t T, int32_t D, const float* dy, float* dbias) override;
  void bias_relu_forward(int32_t T, int32_t D, const float* x, const float* bias, float* y) override;
  void bias_relu_backward(int32_t T, int32_t D, const float* dy, const float* y, float* dx, float* dbias) override;
  void bias_relu_forward_jvp(int32_t T, int32_t D, const float* x_dot, const float* bias_dot, const float* y,
                             float* y_dot) override;
  void embedding_forward(int32_t T, int32_t D, int32_t V, const int32_t* ids, const void* table, int32_t table_dtype,
                         int32_t accumulate, float* out) override;
  void embedding_backward(int32_t R, int32_t D, int32_t V, const int32_t* rows, const int32_t* segments,
                          const int32_t* order, const float* coef, const float* src, float* dtable) override;
  void residual_layer_norm_forward(int32_t T, int32_t D, const float* x, const float* bias, const float* residual,
                                   const float* gamma, const float* beta, float eps, float p, int64_t seed,
                                   int32_t step, int32_t site, int64_t first, float* y, float* xhat,
                                   float* rstd) override;
  void residual_layer_norm_backward(int32_t T, int32_t D, const float* dy, const float* xhat, const float* rstd,
                                    const float* gamma, float p, int64_t seed, int32_t step, int32_t site,
                                    int64_t first, float* ds, float* dx, float* dgamma, float* dbeta,
                                    float* dbias) override;
  void residual_layer_norm_forward_jvp(int32_t T, int32_t D, const float* s_dot, const float* xhat, const float* rstd,
                                       const float* gamma, const float* gamma_dot, const float* beta_dot, float* y_dot,
                                       float* xhat_dot, float* rstd_dot) override;
  void residual_layer_norm_backward_jvp(int32_t T, int32_t D, const float* dy, const float* dy_dot, const float* xhat,
                                        const float* xhat_dot, const float* rstd, const float* rstd_dot,
                                        const float* gamma, const float* gamma_dot, float* ds_dot, float* dgamma_dot,
                                        float* dbeta_dot) override;
  void attention_forward(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                         const float* k, const float* v, float scale, float cap, int32_t window, float p, int64_t seed,
                         int32_t step, int32_t site, const int32_t* triangles, float* out, float* lse) override;
  void attention_backward(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                          const float* k, const float* v, const float* out, const float* lse, const float* dout,
                          float scale, float cap, int32_t window, float p, int64_t seed, int32_t step, int32_t site,
                          const int32_t* triangles, float* dq, float* dk, float* dv) override;
  void attention_forward_jvp(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                             const float* k, const float* v, const float* q_dot, const float* k_dot, const float* v_dot,
                             const float* out, const float* lse, float scale, float* out_dot, float* lse_dot) override;
  void attention_backward_jvp(int32_t B, int32_t H, int32_t G, int32_t C, const int32_t* offsets, const float* q,
                              const float* k, const float* v, const float* q_dot, const float* k_dot,
                              const float* v_dot, const float* out, const float* out_dot, const float* lse,
                              const float* lse_dot, const float* dout, const float* dout_dot, float scale,
                              float* dq_dot, float* dk_dot, float* dv_dot) override;
  void sampled_bce_forward(int32_t T, int32_t D, int32_t V, const float* h, const float* table,
                           const int32_t* positives, const int32_t* negatives, const float* w, float* loss, float* dpos,
                           float* dneg, float* dh) override;
  void sampled_bce_jvp(int32_t T, int32_t D, int32_t V, const float* h, const float* h_dot, const float* table,
                       const float* table_dot, const int32_t* positives, const int32_t* negatives, const float* w,
                       float* loss_dot, float* dpos_dot, float* dneg_dot, float* dh_dot) override;
  void sampled_bce_backward(int32_t T, int32_t D, int32_t V, const float* dpos, const float* dneg, const float* table,
                            const int32_t* positives, const int32_t* negatives, float* dh) override;
  void adam_step(int64_t N, float* param, const float* grad, float* m, float* v, float lr, float beta1, float beta2,
                 float eps, int64_t step) override;
  void segment_sum(int32_t B, const int32_t* offsets, const float* values, const float* weights, float* out) override;
  void segment_dot(int32_t B, int32_t D, const int32_t* offsets, const float* x, const float* y, float* out) override;
  void linear_grad_sqnorm(int32_t B, int32_t I, int32_t O, const int32_t* offsets, const float* act, const float* delta,
                          float* out) override;
  void linear_grad_squares(int32_t B, int32_t I, int32_t O, const int32_t* offsets, const float* act,
                           const float* delta, float* out) override;
  void row_outer(int32_t T, int32_t I, int32_t O, const float* act, const float* delta, float* out) override;
  void row_square(int32_t T, int32_t D, const float* x, float* out) override;
  void dense_tail_hvp(int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const DenseTail& tail, const float* x,
                      const float* direction, float* out) override;
  void dense_tail_curvature(int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const DenseTail& tail,
                            float* out) override;
  void dense_tail_lissa(int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const DenseTail& tail, const float* x,
                        const LissaSteps& lissa) override;
  void item_topk(int32_t U, int32_t D, int32_t V, int32_t K, const float* h, const float* table,
                 const int32_t* mask_offsets, const int32_t* mask_ids, int32_t* ids) override;
  void rms_norm_forward(int32_t T, int32_t D, const float* x, const float* weight, float eps, float* y,
                        float* rstd) override;
  void rms_norm_backward(int32_t T, int32_t D, const float* dy, const float* x, const float* rstd, const float* weight,
                         int32_t accumulate, float* dx) override;
  void rope_forward(int32_t T, int32_t H, int32_t C, int32_t R, int32_t P, const int32_t* positions,
                    const float* cosines, const float* sines, int32_t inverse, float* x) override;
  void swiglu_forward(int64_t N, const float* gate, const float* up, float* out) override;
  void swiglu_backward(int64_t N, const float* dout, const float* gate, const float* up, float* dgate,
                       float* dup) override;
  void geglu_forward(int64_t N, const float* gate, const float* up, float* out) override;
  void geglu_backward(int64_t N, const float* dout, const float* gate, const float* up, float* dgate,
                      float* dup) override;
  void cross_entropy(int32_t T, int32_t V, float cap, const int32_t* targets, const float* w, float* logits,
                     float* loss) override;

 private:
  Masks dropout_masks(int32_t T, int32_t D, float p, int64_t seed, int32_t step, int32_t site, int64_t first);
  DropoutMasks masks_;

  // A device of one thread for each thread, with so much scratch that it need not grow in a parallel region: for
  // operations that are made of others and share their rows among the threads themselves.
  void make_parts(int64_t scratch_bytes);
  CpuDevice& part(int32_t thread);
  CpuDevice** parts_ = nullptr;
};

}  // namespace COPPICE_ISA
}  // namespace coppice
