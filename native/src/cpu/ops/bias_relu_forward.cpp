// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

// s <= 0 ? 0 : s, so that NaN stays NaN
COPPICE_INLINE Vec relu(Vec s) { return s <= 0.0f ? Vec{} : s; }

}  // namespace

/// The rectified sum of each row and one vector.
///
///   y[t,d] = max(x[t,d] + bias[d], 0)
///
/// Shapes   x, y (T,D), y may be x; bias (D) or null for 0.
/// Numbers  |error| <= 2^-24 * (|x| + |bias|); NaN stays NaN.
/// Cost     T*D additions, 8 T*D bytes: bound by memory.
/// Source   the definition.
void CpuDevice::bias_relu_forward(int32_t T, int32_t D, const float* x, const float* bias, float* y) {
  for_ranges(threads_, T, int64_t{T} * D, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* in = x + t * D;
      float* out = y + t * D;
      if (bias == nullptr) {
        for_lanes(D, [=](int64_t d, auto group) { store(out + d, relu(load(in + d, group)), group); });
      } else {
        for_lanes(D, [=](int64_t d, auto group) {
          store(out + d, relu(load(in + d, group) + load(bias + d, group)), group);
        });
      }
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
