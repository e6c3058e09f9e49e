// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"
#include "logistic.cuh"

namespace coppice {
namespace {

struct BceInputs {
  const float *h, *h_dot, *table, *table_dot;
  const int32_t *positives, *negatives;
  const float* w;
};

struct BceTangents {
  float *loss, *dpos, *dneg, *dh;
};

// An item's score and its tangent; in every lane.
template <int kSlots>
__device__ __forceinline__ float2 score_of(const BceInputs& in, int D, int64_t at, int64_t row) {
  float value = 0.0f, tangent = 0.0f;
  for_lane_elements<kSlots>(D, [&](int, int d) {
    value = fmaf(in.table[row + d], in.h[at + d], value);
    tangent = fmaf(in.table[row + d], in.h_dot[at + d], tangent);
    if (in.table_dot != nullptr) tangent = fmaf(in.table_dot[row + d], in.h[at + d], tangent);
  });
  return make_float2(warp_sum(value), warp_sum(tangent));
}

/// The tangent of sampled_bce_forward.
///
///   p_dot = table[positives[t]].h_dot[t] + table_dot[positives[t]].h[t], n_dot likewise;  s = sigmoid
///   loss_dot[t] = (s(p) - 1) * p_dot + s(n) * n_dot;  dpos_dot[t] = w[t] * s'(p) * p_dot, dneg_dot[t] = w[t] * s'(n) *
///   n_dot;  dh_dot[t,:] = dpos_dot * table[pos] + dpos * table_dot[pos] + dneg_dot * table[neg] + dneg *
///   table_dot[neg]
///
/// Shapes   h, h_dot, dh_dot (T,D); table, table_dot (V,D), table_dot may be null; positives, negatives (T) I32 in
///          0..V-1; w, dpos_dot, dneg_dot (T); loss_dot (T) or null.
/// Numbers  |error of p_dot, n_dot| <= (D/16 + 6) * 2^-24 of the sum of absolute terms; that of p, n as in
///          sampled_bce_forward; 8 * 2^-24 of each result of their own. s' = s(p) * s(-p) does not cancel.
/// Launch   a warp for each position.
/// Cost     6 T*D multiply-adds, 11 with table_dot; two rows of each table at random for each position.
/// Source   the product rule; Pearlmutter, Neural Computation 1994.
template <int kSlots>
__global__ void sampled_bce_jvp_kernel(int64_t T, int D, BceInputs in, BceTangents out) {
  const int64_t t = row_of_warp(), at = t * D;
  if (t < T) {
    const int64_t positive = int64_t{in.positives[t]} * D, negative = int64_t{in.negatives[t]} * D;
    const float2 p = score_of<kSlots>(in, D, at, positive), n = score_of<kSlots>(in, D, at, negative);
    const float exp_p = exp_of_minus_abs(p.x), exp_n = exp_of_minus_abs(n.x), weight = in.w[t];
    const float rest_p = sigmoid(-p.x, exp_p), sigmoid_n = sigmoid(n.x, exp_n);  // rest_p = 1 - sigmoid(p)
    const float gradient_p = -(weight * rest_p), gradient_n = weight * sigmoid_n;
    const float dot_p = weight * (rest_p * sigmoid(p.x, exp_p)) * p.y;
    const float dot_n = weight * (sigmoid_n * sigmoid(-n.x, exp_n)) * n.y;
    for_lane_elements<kSlots>(D, [&](int, int d) {
      float at_p = in.table[positive + d] * dot_p, at_n = in.table[negative + d] * dot_n;
      if (in.table_dot != nullptr) {
        at_p = fmaf(gradient_p, in.table_dot[positive + d], at_p);
        at_n = fmaf(gradient_n, in.table_dot[negative + d], at_n);
      }
      out.dh[at + d] = at_p + at_n;
    });
    if (lane_of_thread() == 0) {
      if (out.loss != nullptr) out.loss[t] = fmaf(sigmoid_n, n.y, -(rest_p * p.y));
      out.dpos[t] = dot_p;
      out.dneg[t] = dot_n;
    }
  }
}

}  // namespace

void CudaDevice::sampled_bce_jvp(int32_t T, int32_t D, int32_t, const float* h, const float* h_dot, const float* table,
                                 const float* table_dot, const int32_t* positives, const int32_t* negatives,
                                 const float* w, float* loss_dot, float* dpos_dot, float* dneg_dot, float* dh_dot) {
  if (T == 0) return;
  const BceInputs in{h, h_dot, table, table_dot, positives, negatives, w};
  const BceTangents out{loss_dot, dpos_dot, dneg_dot, dh_dot};
  COP_LAUNCH_BY_WIDTH(D, sampled_bce_jvp_kernel, row_shape(T, stream_), T, D, in, out);
}

}  // namespace coppice
