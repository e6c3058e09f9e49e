// SPDX-License-Identifier: Apache-2.0
#include "columns.cuh"
#include "philox.cuh"

namespace coppice {
namespace {

/// The gradient of residual_layer_norm_forward.
///
///   u = dy * gamma;  ds = rstd * (u - mean_d(u) - xhat * mean_d(u * xhat));  dx = dropout mask of ds
///   dgamma = sum_t dy * xhat;  dbeta = sum_t dy;  dbias = sum_t dx
///
/// Shapes   dy, xhat, ds, dx (T,D), ds may be dy; rstd (T); gamma, dgamma, dbeta, dbias (D), the last three each or
///          null; dx may be null: then dbias sums the masked ds.
/// Numbers  sums over d are 32 chains and a tree: |error of ds| <= (D/32 + 12) * 2^-24 * rstd * (|u| + mean|u| + |xhat|
///          * mean|u xhat|); the sums over t as bias_backward, one multiplication more for dgamma.
/// Launch   a warp for each row; columns.cuh over dy before that, since ds may take its place, and over ds after.
/// Cost     about 12 operations and 16 bytes an element, 8 for dgamma and dbeta, 4 for dbias: bound by memory.
/// Source   the chain rule; see Xu et al., arXiv:1911.07013, for the two means.
template <int kSlots>
__global__ void layer_norm_backward_kernel(Rows rows, int D, const float* dy, const float* __restrict__ xhat,
                                           const float* __restrict__ rstd, const float* __restrict__ gamma,
                                           DropoutMask mask, float* ds, float* __restrict__ dx) {
  const int64_t t = row_of_warp(), at = t * D;
  if (t < rows.count()) {
    const auto u = lane_values<kSlots>(D, [=](int d) { return dy[at + d] * gamma[d]; });
    const auto normal = lane_values<kSlots>(D, [=](int d) { return xhat[at + d]; });
    float sum = 0.0f, projection = 0.0f;
    for_lane_elements<kSlots>(D, [&](int slot, int d) {
      sum += u.at(slot, d);
      projection = fmaf(u.at(slot, d), normal.at(slot, d), projection);
    });
    const float mean = warp_sum(sum) / static_cast<float>(D), along = warp_sum(projection) / static_cast<float>(D);
    const float factor = rstd[t];
    for_lane_elements<kSlots>(D, [&](int slot, int d) {
      const float gradient = factor * fmaf(-along, normal.at(slot, d), u.at(slot, d) - mean);
      ds[at + d] = gradient;
      if (dx != nullptr) dx[at + d] = mask.apply(gradient, static_cast<uint32_t>(at + d));
    });
  } else if (t < rows.T) {
    for (int d = lane_of_thread(); d < D; d += kWarp) {
      ds[at + d] = 0.0f;
      if (dx != nullptr) dx[at + d] = 0.0f;
    }
  }
}

struct AffineTerm {  // of dgamma and of dbeta
  const float *dy, *xhat;
  int D;
  __device__ __forceinline__ float operator()(int64_t t, int d, int sum) const {
    return sum == 0 ? dy[t * D + d] * xhat[t * D + d] : dy[t * D + d];
  }
};

struct MaskedTerm {
  const float* ds;
  int D;
  DropoutMask mask;
  __device__ __forceinline__ float operator()(int64_t t, int d, int) const {
    return mask.apply(ds[t * D + d], static_cast<uint32_t>(t * D + d));
  }
};

}  // namespace

void CudaDevice::residual_layer_norm_backward(int32_t T, int32_t D, const float* dy, const float* xhat,
                                              const float* rstd, const float* gamma, float p, int64_t seed,
                                              int32_t step, int32_t site, int64_t first, float* ds, float* dx,
                                              float* dgamma, float* dbeta, float* dbias) {
  const DropoutMask dropped = mask(p, seed, step, site, first);
  const Rows counted = rows(T);
  float* partials = scratch(column_scratch(T, D, 2));
  if (dgamma != nullptr || dbeta != nullptr) {
    sum_columns<2>(counted, D, AffineTerm{dy, xhat, D}, {{dgamma, dbeta}}, partials, stream_);
  }
  if (T > 0) {
    COP_LAUNCH_BY_WIDTH(D, layer_norm_backward_kernel, row_shape(T, stream_), counted, D, dy, xhat, rstd, gamma,
                        dropped, ds, dx);
  }
  if (dbias != nullptr) sum_columns<1>(counted, D, MaskedTerm{ds, D, dropped}, {{dbias}}, partials, stream_);
}

}  // namespace coppice
