// SPDX-License-Identifier: Apache-2.0
// coppice.h: the only boundary of the native engine. C types only; no exception crosses it.
//
// Every function returns a cop_status; cop_last_error() explains the last failure on this thread. Pointers to
// tensors belong to one context. Tensors are dense, row-major and contiguous; activations are packed: position t of
// sample b lies in row offsets[b] + t, and offsets has B + 1 entries that start at 0 and never fall. Index tensors
// (ids, offsets, order, ...) must hold valid values: they are checked where the data comes from, not here. Float
// tensors are float32 unless a dtype is passed beside them. Operations are queued on the context; only cop_sync and
// cop_download wait. Outputs must not overlap inputs unless "in place" is said.
//
// Letters: B samples, T positions, H query heads, G key/value heads, C head width, D model width, I/O layer in/out
// width, V table rows, R distinct rows, K list length, N elements.
#pragma once
#include <stdint.h>

#define COP_API __attribute__((visibility("default")))
#define COP_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cop_context cop_context;  // one device, one queue; used by one thread at a time

enum cop_status {
  COP_OK = 0,
  COP_INVALID_ARGUMENT = 1,  // the caller is wrong; nothing was changed
  COP_OUT_OF_MEMORY = 2,     // retry with less; the context stays usable
  COP_UNSUPPORTED = 3,       // this build or this machine cannot do it
  COP_DEVICE_FAILURE = 4,    // the context is lost; destroy it
  COP_INTERNAL = 5           // a bug in this library
};

enum cop_device { COP_CPU = 0, COP_CUDA = 1, COP_EMULATED = 2 };

enum cop_dtype { COP_F32 = 0, COP_I32 = 1, COP_BF16 = 2, COP_F16 = 3 };

// ---- context and memory ----

COP_API const char* cop_last_error(void);

// One line about this build and machine: compiler, instruction set in use, BLAS and its version. Static storage.
COP_API const char* cop_build_info(void);

// threads >= 1: CPU threads an operation may use (the CPU device), or the number of the order in which the emulated
// device runs threads (1 ascending, 2 descending, others random); CUDA ignores it. COP_UNSUPPORTED, with the reason,
// when this build or this machine does not have the device.
COP_API int32_t cop_context_create(int32_t device, int32_t threads, cop_context** out);
// One line about the context's device. Valid as long as the context; empty for null.
COP_API const char* cop_context_description(const cop_context* ctx);
COP_API int32_t cop_context_destroy(cop_context* ctx);  // null is allowed; memory and graphs must have been freed
COP_API int32_t cop_context_live_bytes(const cop_context* ctx, int64_t* out);
COP_API int32_t cop_sync(cop_context* ctx);
// The queue of a CUDA context, a cudaStream_t, for work that another library puts on it: to be asked for before each
// such call. COP_UNSUPPORTED on the CPU.
COP_API int32_t cop_context_stream(cop_context* ctx, void** out);

// 64-byte aligned, content undefined; pair with cop_free of the same size.
COP_API int32_t cop_alloc(cop_context* ctx, int64_t bytes, void** out);
COP_API int32_t cop_free(cop_context* ctx, void* ptr, int64_t bytes);
COP_API int32_t cop_upload(cop_context* ctx, void* dst, const void* src, int64_t bytes);    // host to device
COP_API int32_t cop_download(cop_context* ctx, void* dst, const void* src, int64_t bytes);  // device to host; waits
COP_API int32_t cop_copy(cop_context* ctx, void* dst, const void* src, int64_t bytes);      // within the device
COP_API int32_t cop_fill(cop_context* ctx, float* dst, float value, int64_t count);

// Maps a whole file read-only into host memory. Pair with cop_unmap_file.
COP_API int32_t cop_map_file(const char* path, void** out, int64_t* bytes);
COP_API int32_t cop_unmap_file(void* address, int64_t bytes);
// How a part of a mapped file is used next: it is read soon (COP_ADVICE_SOON: the system begins to read it), or not for
// a while (COP_ADVICE_LATER: its whole pages leave the process). Hints: the content stays the same.
typedef enum { COP_ADVICE_SOON = 0, COP_ADVICE_LATER = 1 } cop_advice;
COP_API int32_t cop_advise_file(void* address, int64_t bytes, int32_t advice);

// For tests: the n-th (1-based) pass through the named point ("alloc", "upload", "download", "launch", "map") fails
// once with `status`. COP_UNSUPPORTED unless built with COPPICE_FAULTS.
COP_API int32_t cop_fault_arm(const char* point, int32_t n, int32_t status);

// ---- graphs: operations recorded once and replayed, on devices with a queue of their own ----

// What a replay takes from the device, because it differs from one to the next.
typedef struct cop_step {
  int32_t begin, rows;         // 0 and the number of rows that count: also the offsets of one segment
  int32_t step;                // of dropout's counter
  float adam_rate, adam_root;  // lr/(1-b1^step), 1/sqrt(1-b2^step)
} cop_step;
typedef struct cop_graph cop_graph;

// Writes a cop_step in device memory, behind what is queued. rows >= 0, step >= 1
COP_API int32_t cop_step_write(cop_context* ctx, cop_step* step, int32_t rows, int64_t number, float lr, float beta1,
                               float beta2);
// From now on, until it is called with null, operations read `step` (on the device) when they run: of their T rows,
// which must be this T, only step->rows count (0 <= rows <= T), and outputs (T,...) become 0 in the others; dropout and
// cop_adam_step ignore their arguments `step` and lr. Results are those, bit for bit, of the same calls with rows for
// T, and do not depend on T. Attention, by samples, sees T only as the extent of its outputs. COP_UNSUPPORTED: the
// other operations over T rows, meanwhile; and this function on the CPU. A cop_gemm has no count: rows that are 0 in a
// or c give rows of 0, and add nothing to a sum over positions.
COP_API int32_t cop_step_use(cop_context* ctx, int32_t T, const cop_step* step);

// Operations between these two are recorded instead of done, with their arguments, among them all addresses. Meanwhile
// calls that wait, allocate or free are refused, as is an operation that would need more scratch memory than one before
// it: do everything once before recording it. COP_UNSUPPORTED on the CPU.
COP_API int32_t cop_graph_begin(cop_context* ctx);
COP_API int32_t cop_graph_end(cop_context* ctx, cop_graph** out);  // pair with cop_graph_free, before the context ends
// Queues everything that was recorded, in its order. The memory it works on must not have been freed.
COP_API int32_t cop_graph_launch(cop_context* ctx, cop_graph* graph);
COP_API int32_t cop_graph_free(cop_context* ctx, cop_graph* graph);  // waits; null is allowed

// ---- matrix product ----

// c (m,n) = alpha * op(a) op(b) + beta * c;  beta 0 ignores what c holds.
// op(a) (m,k): a is (m,k), or (k,m) when trans_a; op(b) (k,n): b is (k,n), or (n,k) when trans_b.
// b is F32, BF16 or F16; accumulation in float32; bits do not depend on the thread count, and, unless trans_a, a row
// of c does not depend on the other rows.
COP_API int32_t cop_gemm(cop_context* ctx, int32_t trans_a, int32_t trans_b, int32_t m, int32_t n, int32_t k,
                         float alpha, const float* a, const void* b, int32_t b_dtype, float beta, float* c);

// ---- elementwise ----

// y[i] += alpha * x[i];  x, y (N)
COP_API int32_t cop_axpy(cop_context* ctx, int64_t N, float alpha, const float* x, float* y);
// x *= alpha;  x (N)
COP_API int32_t cop_scale(cop_context* ctx, int64_t N, float alpha, float* x);
// dst[i] = float(src[i]);  src (N) F32, BF16 or F16
COP_API int32_t cop_convert(cop_context* ctx, int64_t N, const void* src, int32_t src_dtype, float* dst);
// dst[i] = src[i] as BF16, to the nearest, ties to even; NaN stays NaN.  src (N), dst (N) BF16
COP_API int32_t cop_round_bf16(cop_context* ctx, int64_t N, const float* src, uint16_t* dst);
// y[t,d] = keep(t*D+d) ? x[t,d] / (1-p) : 0;  in place allowed; the backward pass is the same call on dy.
// keep(c) = first word of Philox4x32-10(key = seed, counter = (2, step, site, first + c)) >= p * 2^32
COP_API int32_t cop_dropout_forward(cop_context* ctx, int32_t T, int32_t D, const float* x, float p, int64_t seed,
                                    int32_t step, int32_t site, int64_t first, float* y);
// x[t,d] += bias[d];  x (T,D) in place, bias (D)
COP_API int32_t cop_bias_forward(cop_context* ctx, int32_t T, int32_t D, const float* bias, float* x);
// dbias[d] = sum_t dy[t,d]
COP_API int32_t cop_bias_backward(cop_context* ctx, int32_t T, int32_t D, const float* dy, float* dbias);
// y = max(x + bias, 0);  x, y (T,D), in place allowed; bias (D) or null
COP_API int32_t cop_bias_relu_forward(cop_context* ctx, int32_t T, int32_t D, const float* x, const float* bias,
                                      float* y);
// dx = y > 0 ? dy : 0, in place allowed;  dbias[d] = sum_t dx[t,d] or null. Its tangent is the same call on dy's.
COP_API int32_t cop_bias_relu_backward(cop_context* ctx, int32_t T, int32_t D, const float* dy, const float* y,
                                       float* dx, float* dbias);
// y_dot = y > 0 ? x_dot + bias_dot : 0, in place allowed;  bias_dot (D) or null
COP_API int32_t cop_bias_relu_forward_jvp(cop_context* ctx, int32_t T, int32_t D, const float* x_dot,
                                          const float* bias_dot, const float* y, float* y_dot);

// ---- embeddings ----

// out[t,:] = table[ids[t],:], or += when accumulate;  ids (T) I32, table (V,D) F32/BF16/F16, out (T,D)
COP_API int32_t cop_embedding_forward(cop_context* ctx, int32_t T, int32_t D, int32_t V, const int32_t* ids,
                                      const void* table, int32_t table_dtype, int32_t accumulate, float* out);
// dtable[rows[r],:] += sum_{j = segments[r] .. segments[r+1]-1, in order} coef[order[j]] * src[order[j],:]
// rows (R) distinct, segments (R+1), order (K) positions; coef (T) or null for 1; src (T,D); dtable (V,D). A row of the
// table may be named again where there is nothing to add to it.
COP_API int32_t cop_embedding_backward(cop_context* ctx, int32_t R, int32_t D, int32_t V, const int32_t* rows,
                                       const int32_t* segments, const int32_t* order, const float* coef,
                                       const float* src, float* dtable);

// ---- layer norm of a residual sum ----

// s = dropout(x + bias) + residual;  mean, var over d;  rstd = 1/sqrt(var + eps);  xhat = (s - mean) * rstd;
// y = xhat * gamma + beta.  x, residual, y, xhat (T,D); bias, gamma, beta (D); rstd (T). bias, residual may be null.
// Dropout as cop_dropout_forward; p = 0: none.
COP_API int32_t cop_residual_layer_norm_forward(cop_context* ctx, int32_t T, int32_t D, const float* x,
                                                const float* bias, const float* residual, const float* gamma,
                                                const float* beta, float eps, float p, int64_t seed, int32_t step,
                                                int32_t site, int64_t first, float* y, float* xhat, float* rstd);
// u = dy * gamma;  ds = rstd * (u - mean(u) - xhat * mean(u * xhat)), the gradient of the residual too;
// dx = dropout mask of ds (null allowed when p = 0, then dx is ds);  dgamma = sum_t dy * xhat, dbeta = sum_t dy,
// dbias = sum_t dx: each (D) or null. ds may be dy.
COP_API int32_t cop_residual_layer_norm_backward(cop_context* ctx, int32_t T, int32_t D, const float* dy,
                                                 const float* xhat, const float* rstd, const float* gamma, float p,
                                                 int64_t seed, int32_t step, int32_t site, int64_t first, float* ds,
                                                 float* dx, float* dgamma, float* dbeta, float* dbias);
// Tangents without dropout. s_dot (T,D) is the tangent of s;
// xhat_dot = rstd * (s_dot - mean(s_dot) - xhat * mean(xhat * s_dot));  rstd_dot = -rstd^2 * mean(xhat * s_dot);
// y_dot = xhat_dot * gamma + xhat * gamma_dot + beta_dot;  gamma_dot, beta_dot (D) or null
COP_API int32_t cop_residual_layer_norm_forward_jvp(cop_context* ctx, int32_t T, int32_t D, const float* s_dot,
                                                    const float* xhat, const float* rstd, const float* gamma,
                                                    const float* gamma_dot, const float* beta_dot, float* y_dot,
                                                    float* xhat_dot, float* rstd_dot);
// ds_dot: the tangent of ds above;  dgamma_dot = sum_t dy_dot * xhat + dy * xhat_dot, dbeta_dot = sum_t dy_dot, (D)
// or null; gamma_dot (D) or null
COP_API int32_t cop_residual_layer_norm_backward_jvp(cop_context* ctx, int32_t T, int32_t D, const float* dy,
                                                     const float* dy_dot, const float* xhat, const float* xhat_dot,
                                                     const float* rstd, const float* rstd_dot, const float* gamma,
                                                     const float* gamma_dot, float* ds_dot, float* dgamma_dot,
                                                     float* dbeta_dot);

// ---- packed causal attention ----

// For each sample and query head h with key/value head g = h / (H/G):
//   a[i,j] = capped(scale * q[i,h,:].k[j,g,:]) for i - window < j <= i;  lse[i,h] = log sum_j exp(a[i,j]);
//   P = exp(a - lse);  out[i,h,:] = sum_j drop(P)[i,j] v[j,g,:];  capped(x) = cap tanh(x/cap), or x for cap 0
// window > 0, INT32_MAX for all keys. No dropout together with a cap or a window.
// offsets (B+1) I32; q, out (T,H*C); k, v (T,G*C); lse (T,H). Dropout p on P: keep by Philox with counter
// (2, step, site + 65536*h, triangles[b] + i*(i+1)/2 + j), i and j within the sample; triangles (B) I32 with
// triangles[b] = sum_{b' < b} n(n+1)/2; null when p = 0.
COP_API int32_t cop_attention_forward(cop_context* ctx, int32_t B, int32_t H, int32_t G, int32_t C,
                                      const int32_t* offsets, const float* q, const float* k, const float* v,
                                      float scale, float cap, int32_t window, float p, int64_t seed, int32_t step,
                                      int32_t site, const int32_t* triangles, float* out, float* lse);
// dq (T,H*C), dk, dv (T,G*C); dq and dk may both be null (then only dv is formed).
COP_API int32_t cop_attention_backward(cop_context* ctx, int32_t B, int32_t H, int32_t G, int32_t C,
                                       const int32_t* offsets, const float* q, const float* k, const float* v,
                                       const float* out, const float* lse, const float* dout, float scale, float cap,
                                       int32_t window, float p, int64_t seed, int32_t step, int32_t site,
                                       const int32_t* triangles, float* dq, float* dk, float* dv);
// Tangents without dropout: out_dot (T,H*C), lse_dot (T,H).
COP_API int32_t cop_attention_forward_jvp(cop_context* ctx, int32_t B, int32_t H, int32_t G, int32_t C,
                                          const int32_t* offsets, const float* q, const float* k, const float* v,
                                          const float* q_dot, const float* k_dot, const float* v_dot, const float* out,
                                          const float* lse, float scale, float* out_dot, float* lse_dot);
COP_API int32_t cop_attention_backward_jvp(cop_context* ctx, int32_t B, int32_t H, int32_t G, int32_t C,
                                           const int32_t* offsets, const float* q, const float* k, const float* v,
                                           const float* q_dot, const float* k_dot, const float* v_dot, const float* out,
                                           const float* out_dot, const float* lse, const float* lse_dot,
                                           const float* dout, const float* dout_dot, float scale, float* dq_dot,
                                           float* dk_dot, float* dv_dot);

// ---- sampled binary cross-entropy ----

// p = table[positives[t]].h[t], n = table[negatives[t]].h[t];  loss[t] = log(1+exp(-p)) + log(1+exp(n)), unweighted;
// dpos[t] = w[t] * (sigmoid(p) - 1), dneg[t] = w[t] * sigmoid(n), dh[t,:] = dpos table[pos] + dneg table[neg].
// h, dh (T,D); table (V,D); positives, negatives (T) I32; w, loss, dpos, dneg (T). dh may be null.
COP_API int32_t cop_sampled_bce_forward(cop_context* ctx, int32_t T, int32_t D, int32_t V, const float* h,
                                        const float* table, const int32_t* positives, const int32_t* negatives,
                                        const float* w, float* loss, float* dpos, float* dneg, float* dh);
// Tangents of loss, dpos, dneg and dh for h_dot (T,D) and table_dot (V,D) or null; loss_dot may be null.
COP_API int32_t cop_sampled_bce_jvp(cop_context* ctx, int32_t T, int32_t D, int32_t V, const float* h,
                                    const float* h_dot, const float* table, const float* table_dot,
                                    const int32_t* positives, const int32_t* negatives, const float* w, float* loss_dot,
                                    float* dpos_dot, float* dneg_dot, float* dh_dot);

// dh[t,:] = dpos[t] table[positives[t]] + dneg[t] table[negatives[t]];  dpos, dneg (T), dh (T,D)
COP_API int32_t cop_sampled_bce_backward(cop_context* ctx, int32_t T, int32_t D, int32_t V, const float* dpos,
                                         const float* dneg, const float* table, const int32_t* positives,
                                         const int32_t* negatives, float* dh);

// ---- optimizer ----

// Dense Adam, step counts from 1: m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2;
// param -= lr/(1-b1^step) * m / (sqrt(v)/sqrt(1-b2^step) + eps)
COP_API int32_t cop_adam_step(cop_context* ctx, int64_t N, float* param, const float* grad, float* m, float* v,
                              float lr, float beta1, float beta2, float eps, int64_t step);

// ---- per-sample reductions, always in the order of positions ----

// out[b] = sum_{t in b} weights[t] * values[t];  weights null: 1
COP_API int32_t cop_segment_sum(cop_context* ctx, int32_t B, const int32_t* offsets, const float* values,
                                const float* weights, float* out);
// out[b] = sum_{t in b} x[t,:].y[t,:]
COP_API int32_t cop_segment_dot(cop_context* ctx, int32_t B, int32_t D, const int32_t* offsets, const float* x,
                                const float* y, float* out);
// out[b] = sum_{o,i} (sum_{t in b} delta[t,o] * act[t,i])^2;  act (T,I), delta (T,O)
COP_API int32_t cop_linear_grad_sqnorm(cop_context* ctx, int32_t B, int32_t I, int32_t O, const int32_t* offsets,
                                       const float* act, const float* delta, float* out);
// out[o,i] = sum_b (sum_{t in b} delta[t,o] * act[t,i])^2;  act (T,I), delta (T,O), out (O,I)
COP_API int32_t cop_linear_grad_squares(cop_context* ctx, int32_t B, int32_t I, int32_t O, const int32_t* offsets,
                                        const float* act, const float* delta, float* out);
// out[t, o*I + i] = delta[t,o] * act[t,i];  out (T,O*I)
COP_API int32_t cop_row_outer(cop_context* ctx, int32_t T, int32_t I, int32_t O, const float* act, const float* delta,
                              float* out);

// ---- curvature of the surrogate in its last dense layer ----

// What follows the layer s = x W^T + ..., position by position: m = LN(s), a = relu(m first^T), f = relu(a second^T),
// h = LN(f + m), and the sampled binary cross-entropy of h with weight w; biases enter by the values kept.
// M_t is the second derivative of position t's weighted loss in s_t: the Hessian, or with gauss_newton its positive
// semi-definite part, in which the backward pass keeps its coefficients. The arguments that all share:
// middle_xhat, out_xhat (T,D), middle_rstd, out_rstd (T), middle_gamma, out_gamma (D): of the two layer norms;
// first, second (T,D): a and f; first_weight, second_weight (D,D); hidden (T,D): h; table (V,D);
// positives, negatives (T) I32; w (T); dhidden, dmiddle (T,D): gradients of the weighted loss in h and m.

// out = sum_t (M_t V x_t) x_t^T: the product of the curvature with the direction V = direction, summed over the
// positions in order, in float32.  x (T,D); direction, out (D,D)
COP_API int32_t cop_dense_tail_hvp(cop_context* ctx, int32_t T, int32_t D, int32_t V, int32_t gauss_newton,
                                   const float* x, const float* middle_xhat, const float* middle_rstd,
                                   const float* middle_gamma, const float* first, const float* first_weight,
                                   const float* second, const float* second_weight, const float* hidden,
                                   const float* out_xhat, const float* out_rstd, const float* out_gamma,
                                   const float* table, const int32_t* positives, const int32_t* negatives,
                                   const float* w, const float* dhidden, const float* dmiddle, const float* direction,
                                   float* out);
// out[t,q(i,j)] = M_t[i,j] for i >= j, column after column: q(i,j) = j*D - j*(j-1)/2 + i - j.  out (T,D*(D+1)/2)
COP_API int32_t cop_dense_tail_curvature(cop_context* ctx, int32_t T, int32_t D, int32_t V, int32_t gauss_newton,
                                         const float* middle_xhat, const float* middle_rstd, const float* middle_gamma,
                                         const float* first, const float* first_weight, const float* second,
                                         const float* second_weight, const float* hidden, const float* out_xhat,
                                         const float* out_rstd, const float* out_gamma, const float* table,
                                         const int32_t* positives, const int32_t* negatives, const float* w,
                                         const float* dhidden, const float* dmiddle, float* out);
// LiSSA's recursion over mini-batches of samples, for k = 0 .. steps-1:
//   h <- h + (g - damp * h - rate * sum_{j < batch} sum_{begin <= t < end} (M_t h x_t) x_t^T),
// where begin and end, ranges[k,j,0] and ranges[k,j,1], are the positions of the mini-batch's sample j, 0 <= begin <=
// end <= T; norms[k] = |h| after the step. In float32; steps follow each other on the device. A recursion that is cut
// into calls gives the same bits.  x (T,D); ranges (steps,batch,2) I32; g (D,D); h (D,D) in place; norms (steps)
COP_API int32_t cop_dense_tail_lissa(cop_context* ctx, int32_t T, int32_t D, int32_t V, int32_t gauss_newton,
                                     const float* x, const float* middle_xhat, const float* middle_rstd,
                                     const float* middle_gamma, const float* first, const float* first_weight,
                                     const float* second, const float* second_weight, const float* hidden,
                                     const float* out_xhat, const float* out_rstd, const float* out_gamma,
                                     const float* table, const int32_t* positives, const int32_t* negatives,
                                     const float* w, const float* dhidden, const float* dmiddle, int32_t steps,
                                     int32_t batch, const int32_t* ranges, float damp, float rate, const float* g,
                                     float* h, float* norms);
// out[t,q(i,j)] = x[t,i] * x[t,j] for i >= j, in the same places.  x (T,D), out (T,D*(D+1)/2)
COP_API int32_t cop_row_square(cop_context* ctx, int32_t T, int32_t D, const float* x, float* out);

// ---- ranking ----

// The K best items 1..V-1 for each row by score table[item].h[row], best first, ties by lower id, without the items
// masked for the row (mask_ids[mask_offsets[u] .. mask_offsets[u+1]-1], ascending). h (U,D), table (V,D),
// ids (U,K) I32; -1 where fewer than K items are left.
COP_API int32_t cop_item_topk(cop_context* ctx, int32_t U, int32_t D, int32_t V, int32_t K, const float* h,
                              const float* table, const int32_t* mask_offsets, const int32_t* mask_ids, int32_t* ids);

// ---- language model ----

// rstd = 1/sqrt(mean(x^2) + eps);  y = x * rstd * weight;  x, y (T,D), weight (D), rstd (T)
COP_API int32_t cop_rms_norm_forward(cop_context* ctx, int32_t T, int32_t D, const float* x, const float* weight,
                                     float eps, float* y, float* rstd);
// u = dy * weight;  dx = rstd * (u - x * rstd^2 * mean(u * x)), or += when accumulate
COP_API int32_t cop_rms_norm_backward(cop_context* ctx, int32_t T, int32_t D, const float* dy, const float* x,
                                      const float* rstd, const float* weight, int32_t accumulate, float* dx);
// Rotates pairs (c, c + R/2) of the first R columns of each head by the angle of positions[t], in place:
// x1' = x1 cos - x2 sin, x2' = x2 cos + x1 sin; inverse: by minus the angle (the backward pass). x (T,H*C), R <= C
// even; cosines, sines (P,R/2)
COP_API int32_t cop_rope_forward(cop_context* ctx, int32_t T, int32_t H, int32_t C, int32_t R, int32_t P,
                                 const int32_t* positions, const float* cosines, const float* sines, int32_t inverse,
                                 float* x);
// out = silu(gate) * up;  all (N); out may be gate
COP_API int32_t cop_swiglu_forward(cop_context* ctx, int64_t N, const float* gate, const float* up, float* out);
// dgate = dout * up * silu'(gate), dup = dout * silu(gate);  dgate may be gate, dup may be up
COP_API int32_t cop_swiglu_backward(cop_context* ctx, int64_t N, const float* dout, const float* gate, const float* up,
                                    float* dgate, float* dup);
// The same with gelu in its tanh form, gelu(g) = g * sigmoid(2 sqrt(2/pi) (g + 0.044715 g^3)), for silu.
COP_API int32_t cop_geglu_forward(cop_context* ctx, int64_t N, const float* gate, const float* up, float* out);
COP_API int32_t cop_geglu_backward(cop_context* ctx, int64_t N, const float* dout, const float* gate, const float* up,
                                   float* dgate, float* dup);
// loss[t] = log sum_v exp(logits[t,v]) - logits[t,target], unweighted;  then logits become the gradient
// w[t] * (softmax - onehot), in place. With cap > 0 the logits are cap tanh(logits/cap), and the gradient is that in
// the logits given: each component times 1 - (capped/cap)^2. target < 0: loss 0, gradient 0. logits (T,V), targets (T)
// I32, w, loss (T)
COP_API int32_t cop_cross_entropy(cop_context* ctx, int32_t T, int32_t V, float cap, const int32_t* targets,
                                  const float* w, float* logits, float* loss);

// ---- dense solve, on the host, in float64 ----

// Solves a x = b for symmetric a (n,n), of which the lower triangle is read; a is overwritten, b (n) becomes x.
// Cholesky when a is positive definite (*definite = 1), else Bunch-Kaufman (*definite = 0). COP_INVALID_ARGUMENT when
// a is singular.
COP_API int32_t cop_symmetric_solve(cop_context* ctx, int32_t n, double* a, double* b, int32_t* definite);

#ifdef __cplusplus
}
#endif
