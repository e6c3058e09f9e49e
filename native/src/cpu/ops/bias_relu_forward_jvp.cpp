// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The tangent of bias_relu_forward.
///
///   y_dot[t,d] = y[t,d] > 0 ? x_dot[t,d] + bias_dot[d] : 0
///
/// Shapes   x_dot, y, y_dot (T,D), y_dot may be x_dot; bias_dot (D) or null for 0.
/// Numbers  |error| <= 2^-24 * (|x_dot| + |bias_dot|).
/// Cost     T*D additions, 12 T*D bytes: bound by memory.
/// Source   the definition; the derivative at 0 is 0.
void CpuDevice::bias_relu_forward_jvp(int32_t T, int32_t D, const float* x_dot, const float* bias_dot, const float* y,
                                      float* y_dot) {
  for_ranges(threads_, T, int64_t{T} * D, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* in = x_dot + t * D;
      const float* value = y + t * D;
      float* out = y_dot + t * D;
      for_lanes(D, [=](int64_t d, auto group) {
        Vec tangent = load(in + d, group);
        if (bias_dot != nullptr) tangent += load(bias_dot + d, group);
        store(out + d, load(value + d, group) > 0.0f ? tangent : Vec{}, group);
      });
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
