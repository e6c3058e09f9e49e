// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// One step of Adam on every parameter, those with zero gradient included.
///
///   m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2,
///   param -= lr / (1 - b1^step) * m / (sqrt(v) / sqrt(1 - b2^step) + eps)
///
/// Shapes   param, grad, m, v (N); step >= 1.
/// Numbers  |error of m, v| <= 3 * 2^-24 of the sum of absolute terms; of the update: 9 * 2^-24 * |update|. What
///          depends on step alone is computed in float64 and rounded once.
/// Cost     one square root and one division an element, 28 N bytes: bound by memory.
/// Source   Kingma & Ba, ICLR 2015, algorithm 1.
void CpuDevice::adam_step(int64_t N, float* param, const float* grad, float* m, float* v, float lr, float beta1,
                          float beta2, float eps, int64_t step) {
  const double b1 = beta1, b2 = beta2, steps = static_cast<double>(step);
  const float rate = static_cast<float>(lr / (1.0 - __builtin_pow(b1, steps)));
  const float root = static_cast<float>(1.0 / __builtin_sqrt(1.0 - __builtin_pow(b2, steps)));
  const float rest1 = static_cast<float>(1.0 - b1), rest2 = static_cast<float>(1.0 - b2);
  for_ranges(threads_, N, N, [=](int64_t begin, int64_t end) {
    for_lanes(end - begin, [=](int64_t i, auto group) {
      const int64_t at = begin + i;
      const Vec g = load(grad + at, group);
      const Vec mean = madd(splat(beta1), load(m + at, group), g * rest1);
      const Vec square = madd(splat(beta2), load(v + at, group), g * rest2 * g);
      const Vec update = mean * rate / madd(square_root(square), splat(root), splat(eps));
      store(m + at, mean, group);
      store(v + at, square, group);
      store(param + at, load(param + at, group) - update, group);
    });
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
