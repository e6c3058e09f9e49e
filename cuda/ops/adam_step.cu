// SPDX-License-Identifier: Apache-2.0
#include "adam_rates.hpp"
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

struct AdamFactors {
  float beta1, beta2, rest1, rest2, eps;
  AdamRates rates;
  const cop_step* step;  // on the device, with the rates; or null
};

/// One step of Adam on every parameter, those with zero gradient included.
///
///   m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2,
///   param -= lr / (1 - b1^step) * m / (sqrt(v) / sqrt(1 - b2^step) + eps)
///
/// Shapes   param, grad, m, v (N); step >= 1.
/// Numbers  |error of m, v| <= 3 * 2^-24 of the sum of absolute terms; of the update: 9 * 2^-24 * |update|. What
///          depends on step alone is computed in float64 and rounded once.
/// Launch   elements.
/// Cost     one square root and one division an element, 28 N bytes: bound by memory.
/// Source   Kingma & Ba, ICLR 2015, algorithm 1.
__global__ void adam_kernel(int64_t N, AdamFactors a, float* __restrict__ param, const float* __restrict__ grad,
                            float* __restrict__ m, float* __restrict__ v) {
  const float rate = a.step == nullptr ? a.rates.rate : a.step->adam_rate;
  const float root = a.step == nullptr ? a.rates.root : a.step->adam_root;
  for (int64_t i = first_element(); i < N; i += element_step()) {
    const float g = grad[i];
    const float mean = fmaf(a.beta1, m[i], g * a.rest1), square = fmaf(a.beta2, v[i], g * a.rest2 * g);
    m[i] = mean;
    v[i] = square;
    param[i] -= mean * rate / fmaf(sqrtf(square), root, a.eps);
  }
}

}  // namespace

void CudaDevice::adam_step(int64_t N, float* param, const float* grad, float* m, float* v, float lr, float beta1,
                           float beta2, float eps, int64_t step) {
  if (N == 0) return;
  const AdamFactors factors{beta1,
                            beta2,
                            static_cast<float>(1.0 - double{beta1}),
                            static_cast<float>(1.0 - double{beta2}),
                            eps,
                            adam_rates(lr, beta1, beta2, step),
                            step_};
  COP_LAUNCH(adam_kernel, element_shape(N, stream_), N, factors, param, grad, m, v);
}

}  // namespace coppice
