// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"
#include "soft_cap.cuh"

namespace coppice {
namespace {

constexpr int kThreads = 256;

/// The loss of each position and, in place of its logits, their gradient.
///
///   z = capped(logits), capped(x) = cap tanh(x/cap), or x for cap 0;  loss[t] = log sum_v exp(z[t,v]) -
///   z[t,target[t]]; logits[t,v] = w[t] * (softmax(z[t,:])[v] - [v = target[t]]) * (1 - (z[t,v]/cap)^2)
///
/// Shapes   targets (T) I32, < 0 for none: loss 0 and gradient 0; w, loss (T); logits (T,V).
/// Units    loss in nats, not weighted.
/// Numbers  the exponentials are taken after the row's largest logit, summed in 256 chains, trees of warps, and their
///          sums: relative error of the sum, and so absolute error of the loss, at most (V/256 + 20) * 2^-24, besides
///          2^-24 (|largest| + |target|). A row depends on itself only. NaN in gives NaN in its row.
/// Launch   a block of 256 threads for each row.
/// Cost     an exponential a logit; each is read three times and written twice, from the cache after the first. With a
///          cap two exponentials and two tangents.
/// Source   the definition.
__global__ void cross_entropy_kernel(int V, SoftCap cap, const int32_t* __restrict__ targets,
                                     const float* __restrict__ w, float* __restrict__ logits,
                                     float* __restrict__ loss) {
  const int64_t t = blockIdx.x;
  float* row = logits + t * V;
  const int target = targets[t], x = static_cast<int>(threadIdx.x);
  const bool scored = target >= 0;  // the same in all threads
  const float target_logit = scored ? cap.apply(row[target]) : 0.0f;
  float largest = -INFINITY;
  for (int v = x; scored && v < V; v += kThreads) largest = fmaxf(largest, row[v]);
  largest = cap.apply(block_max<kThreads>(largest));
  float sum = 0.0f;
  for (int v = x; scored && v < V; v += kThreads) {
    const float e = expf(cap.apply(row[v]) - largest);
    if (!cap.present()) row[v] = e;  // the slope of the cap needs the logit
    sum += e;
  }
  sum = block_sum<kThreads>(sum);
  const float weight = scored ? w[t] : 0.0f, scale = weight / sum;
  for (int v = x; v < V; v += kThreads) {
    const float z = cap.apply(row[v]), share = (cap.present() ? expf(z - largest) : row[v]) * scale;
    row[v] = !scored ? 0.0f : (v == target ? share - weight : share) * cap.slope(z);
  }
  if (x == 0) loss[t] = scored ? logf(sum) - (target_logit - largest) : 0.0f;
}

}  // namespace

void CudaDevice::cross_entropy(int32_t T, int32_t V, float cap, const int32_t* targets, const float* w, float* logits,
                               float* loss) {
  if (T == 0) return;
  const LaunchShape shape{dim3(static_cast<unsigned>(T)), dim3(kThreads), 0, stream_};
  COP_LAUNCH(cross_entropy_kernel, shape, V, SoftCap{cap}, targets, w, logits, loss);
}

}  // namespace coppice
