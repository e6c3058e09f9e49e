// SPDX-License-Identifier: Apache-2.0
#include "columns.cuh"

namespace coppice {
namespace {

struct NormTangents {
  const float *dy, *dy_dot, *xhat, *xhat_dot, *rstd, *rstd_dot, *gamma, *gamma_dot;
};

/// The tangent of residual_layer_norm_backward without dropout.
///
///   u_dot = dy_dot * gamma + dy * gamma_dot;  m, a the means of u and of u * xhat, m_dot and a_dot their tangents
///   ds_dot = rstd_dot * (u - m - xhat * a) + rstd * (u_dot - m_dot - xhat_dot * a - xhat * a_dot)
///   dgamma_dot = sum_t dy_dot * xhat + dy * xhat_dot;  dbeta_dot = sum_t dy_dot
///
/// Shapes   dy, dy_dot, xhat, xhat_dot, ds_dot (T,D); rstd, rstd_dot (T); gamma, gamma_dot, dgamma_dot, dbeta_dot (D),
///          the last three each or null.
/// Numbers  sums over d are 32 chains and a tree: |error of ds_dot| <= (D/16 + 24) * 2^-24 * the same with + for - on
///          absolute values; the sums over t as bias_backward. A row depends on itself only.
/// Launch   a warp for each row; columns.cuh for the sums over t.
/// Cost     about 25 operations and 20 bytes an element: bound by memory.
/// Source   the derivative of the gradient; Pearlmutter, Neural Computation 1994.
template <int kSlots>
__global__ void layer_norm_backward_jvp_kernel(int64_t T, int D, NormTangents in, float* __restrict__ ds_dot) {
  const int64_t t = row_of_warp(), at = t * D;
  if (t < T) {
    const auto u = lane_values<kSlots>(D, [=](int d) { return in.dy[at + d] * in.gamma[d]; });
    const auto u_dot = lane_values<kSlots>(D, [=](int d) {
      const float tangent = in.dy_dot[at + d] * in.gamma[d];
      return in.gamma_dot == nullptr ? tangent : fmaf(in.dy[at + d], in.gamma_dot[d], tangent);
    });
    const auto normal = lane_values<kSlots>(D, [=](int d) { return in.xhat[at + d]; });
    const auto normal_dot = lane_values<kSlots>(D, [=](int d) { return in.xhat_dot[at + d]; });
    float sum = 0.0f, sum_dot = 0.0f, projection = 0.0f, projection_dot = 0.0f;
    for_lane_elements<kSlots>(D, [&](int slot, int d) {
      sum += u.at(slot, d);
      sum_dot += u_dot.at(slot, d);
      projection = fmaf(u.at(slot, d), normal.at(slot, d), projection);
      projection_dot = fmaf(u_dot.at(slot, d), normal.at(slot, d), projection_dot);
      projection_dot = fmaf(u.at(slot, d), normal_dot.at(slot, d), projection_dot);
    });
    const float width = static_cast<float>(D);
    const float mean = warp_sum(sum) / width, mean_dot = warp_sum(sum_dot) / width;
    const float along = warp_sum(projection) / width, along_dot = warp_sum(projection_dot) / width;
    const float factor = in.rstd[t], factor_dot = in.rstd_dot[t];
    for_lane_elements<kSlots>(D, [&](int slot, int d) {
      const float still = fmaf(-along, normal.at(slot, d), u.at(slot, d) - mean);
      float moved = fmaf(-along, normal_dot.at(slot, d), u_dot.at(slot, d) - mean_dot);
      moved = fmaf(-along_dot, normal.at(slot, d), moved);
      ds_dot[at + d] = fmaf(factor_dot, still, factor * moved);
    });
  }
}

struct AffineTangentTerm {  // of dgamma_dot and of dbeta_dot
  NormTangents in;
  int D;
  __device__ __forceinline__ float operator()(int64_t t, int d, int sum) const {
    const int64_t at = t * D + d;
    return sum == 0 ? fmaf(in.dy_dot[at], in.xhat[at], in.dy[at] * in.xhat_dot[at]) : in.dy_dot[at];
  }
};

}  // namespace

void CudaDevice::residual_layer_norm_backward_jvp(int32_t T, int32_t D, const float* dy, const float* dy_dot,
                                                  const float* xhat, const float* xhat_dot, const float* rstd,
                                                  const float* rstd_dot, const float* gamma, const float* gamma_dot,
                                                  float* ds_dot, float* dgamma_dot, float* dbeta_dot) {
  const NormTangents in{dy, dy_dot, xhat, xhat_dot, rstd, rstd_dot, gamma, gamma_dot};
  if (T > 0) COP_LAUNCH_BY_WIDTH(D, layer_norm_backward_jvp_kernel, row_shape(T, stream_), T, D, in, ds_dot);
  if (dgamma_dot == nullptr && dbeta_dot == nullptr) return;
  float* partials = scratch(column_scratch(T, D, 2));
  sum_columns<2>(Rows{T}, D, AffineTangentTerm{in, D}, {{dgamma_dot, dbeta_dot}}, partials, stream_);
}

}  // namespace coppice
