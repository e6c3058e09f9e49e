// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

struct AdamFactors {
  float beta1, beta2, rest1, rest2, rate, root, eps;
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
  for (int64_t i = first_element(); i < N; i += element_step()) {
    const float g = grad[i];
    const float mean = fmaf(a.beta1, m[i], g * a.rest1), square = fmaf(a.beta2, v[i], g * a.rest2 * g);
    m[i] = mean;
    v[i] = square;
    param[i] -= mean * a.rate / fmaf(sqrtf(square), a.root, a.eps);
  }
}

}  // namespace

void CudaDevice::adam_step(int64_t N, float* param, const float* grad, float* m, float* v, float lr, float beta1,
                           float beta2, float eps, int64_t step) {
  if (N == 0) return;
  const double b1 = beta1, b2 = beta2, steps = static_cast<double>(step);
  const AdamFactors factors{beta1,
                            beta2,
                            static_cast<float>(1.0 - b1),
                            static_cast<float>(1.0 - b2),
                            static_cast<float>(lr / (1.0 - std::pow(b1, steps))),
                            static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(b2, steps))),
                            eps};
  COP_LAUNCH(adam_kernel, element_shape(N, stream_), N, factors, param, grad, m, v);
}

}  // namespace coppice
