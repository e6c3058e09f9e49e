// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

constexpr int kThreads = 256;

/// The loss of each position and, in place of its logits, their gradient.
///
///   loss[t] = log sum_v exp(logits[t,v]) - logits[t,target[t]];
///   logits[t,v] = w[t] * (softmax(logits[t,:])[v] - [v = target[t]])
///
/// Shapes   targets (T) I32, < 0 for none: loss 0 and gradient 0; w, loss (T); logits (T,V).
/// Units    loss in nats, not weighted.
/// Numbers  the exponentials are taken after the row's largest logit, summed in 256 chains, trees of warps, and their
///          sums: relative error of the sum, and so absolute error of the loss, at most (V/256 + 20) * 2^-24, besides
///          2^-24 (|largest| + |target|). A row depends on itself only. NaN in gives NaN in its row.
/// Launch   a block of 256 threads for each row.
/// Cost     an exponential a logit; each is read three times and written twice, from the cache after the first.
/// Source   the definition.
__global__ void cross_entropy_kernel(int V, const int32_t* __restrict__ targets, const float* __restrict__ w,
                                     float* __restrict__ logits, float* __restrict__ loss) {
  const int64_t t = blockIdx.x;
  float* row = logits + t * V;
  const int target = targets[t], x = static_cast<int>(threadIdx.x);
  const bool scored = target >= 0;  // the same in all threads
  const float target_logit = scored ? row[target] : 0.0f;
  float largest = -INFINITY;
  for (int v = x; scored && v < V; v += kThreads) largest = fmaxf(largest, row[v]);
  largest = block_max<kThreads>(largest);
  float sum = 0.0f;
  for (int v = x; scored && v < V; v += kThreads) {
    const float e = expf(row[v] - largest);
    row[v] = e;
    sum += e;
  }
  sum = block_sum<kThreads>(sum);
  const float weight = scored ? w[t] : 0.0f, scale = weight / sum;
  for (int v = x; v < V; v += kThreads) {
    row[v] = !scored ? 0.0f : v == target ? row[v] * scale - weight : row[v] * scale;
  }
  if (x == 0) loss[t] = scored ? logf(sum) - (target_logit - largest) : 0.0f;
}

}  // namespace

void CudaDevice::cross_entropy(int32_t T, int32_t V, const int32_t* targets, const float* w, float* logits,
                               float* loss) {
  if (T == 0) return;
  const LaunchShape shape{dim3(static_cast<unsigned>(T)), dim3(kThreads), 0, stream_};
  COP_LAUNCH(cross_entropy_kernel, shape, V, targets, w, logits, loss);
}

}  // namespace coppice
