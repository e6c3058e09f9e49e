// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"
#include "logistic.cuh"

namespace coppice {
namespace {

/// The loss of one positive and one sampled negative item at each position, and its gradient.
///
///   p = table[positives[t]].h[t],  n = table[negatives[t]].h[t];  loss[t] = log(1 + exp(-p)) + log(1 + exp(n))
///   dpos[t] = w[t] * (sigmoid(p) - 1),  dneg[t] = w[t] * sigmoid(n)
///   dh[t,:] = dpos[t] * table[positives[t],:] + dneg[t] * table[negatives[t],:]
///
/// Shapes   h, dh (T,D), dh may be null; table (V,D); positives, negatives (T) I32 in 0..V-1; w, loss, dpos, dneg (T).
/// Numbers  p and n are 32 chains and a tree: |error| <= (D/32 + 6) * 2^-24 * sum_d |table * h|, which passes to loss,
///          dpos and dneg with factors of at most 1, 1 and 1/4; of their own they add 6 * 2^-24 of each result. No
///          overflow for any finite p, n. A position depends on no other.
/// Launch   a warp for each position, which keeps rows of up to 256 values in registers.
/// Cost     4 T*D multiply-adds, two rows of the table at random for each position: bound by memory.
/// Source   Kang & McAuley, ICDM 2018, equation (7), with one sampled negative.
template <int kSlots>
__global__ void sampled_bce_kernel(Rows rows, int D, const float* __restrict__ h, const float* __restrict__ table,
                                   const int32_t* __restrict__ positives, const int32_t* __restrict__ negatives,
                                   const float* __restrict__ w, float* __restrict__ loss, float* __restrict__ dpos,
                                   float* __restrict__ dneg, float* __restrict__ dh) {
  const int64_t t = row_of_warp(), at = t * D;
  if (t < rows.count()) {
    const float *positive_row = table + int64_t{positives[t]} * D, *negative_row = table + int64_t{negatives[t]} * D;
    const auto positive = lane_values<kSlots>(D, [=](int d) { return positive_row[d]; });
    const auto negative = lane_values<kSlots>(D, [=](int d) { return negative_row[d]; });
    float p = 0.0f, n = 0.0f;
    for_lane_elements<kSlots>(D, [&](int slot, int d) {
      p = fmaf(positive.at(slot, d), h[at + d], p);
      n = fmaf(negative.at(slot, d), h[at + d], n);
    });
    p = -warp_sum(p);
    n = warp_sum(n);
    const float exp_p = exp_of_minus_abs(p), exp_n = exp_of_minus_abs(n), weight = w[t];
    const float gradient_p = -(weight * sigmoid(p, exp_p)), gradient_n = weight * sigmoid(n, exp_n);
    if (dh != nullptr) {
      for_lane_elements<kSlots>(D, [&](int slot, int d) {
        dh[at + d] = fmaf(gradient_p, positive.at(slot, d), gradient_n * negative.at(slot, d));
      });
    }
    if (lane_of_thread() == 0) {
      loss[t] = softplus(p, exp_p) + softplus(n, exp_n);
      dpos[t] = gradient_p;
      dneg[t] = gradient_n;
    }
  } else if (t < rows.T) {
    for (int d = lane_of_thread(); dh != nullptr && d < D; d += kWarp) dh[at + d] = 0.0f;
    if (lane_of_thread() == 0) loss[t] = dpos[t] = dneg[t] = 0.0f;
  }
}

}  // namespace

void CudaDevice::sampled_bce_forward(int32_t T, int32_t D, int32_t, const float* h, const float* table,
                                     const int32_t* positives, const int32_t* negatives, const float* w, float* loss,
                                     float* dpos, float* dneg, float* dh) {
  if (T == 0) return;
  COP_LAUNCH_BY_WIDTH(D, sampled_bce_kernel, row_shape(T, stream_), rows(T), D, h, table, positives, negatives, w, loss,
                      dpos, dneg, dh);
}

}  // namespace coppice
