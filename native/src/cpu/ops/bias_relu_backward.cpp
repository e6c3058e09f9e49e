// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The gradient of bias_relu_forward with respect to x and the bias.
///
///   dx[t,d] = y[t,d] > 0 ? dy[t,d] : 0,   dbias[d] = sum_t dx[t,d]
///
/// Shapes   dy, y, dx (T,D), dx may be dy; dbias (D) or null.
/// Numbers  dx exact; |error of dbias| <= (256 + T/256) * 2^-24 * sum_t |dx[t,d]|, summed as in bias_backward.
/// Cost     T*D additions, 12 T*D bytes: bound by memory.
/// Source   the definition; the derivative at 0 is 0.
void CpuDevice::bias_relu_backward(int32_t T, int32_t D, const float* dy, const float* y, float* dx, float* dbias) {
  const int64_t work = int64_t{T} * D;
  const auto masked = [=](int64_t i, auto group) -> Vec {
    const Vec gradient = load(dy + i, group);
    return load(y + i, group) > 0.0f ? gradient : Vec{};
  };
  if (dbias == nullptr) {
    for_ranges(threads_, work, work, [=](int64_t begin, int64_t end) {
      for_lanes(end - begin, [=](int64_t i, auto group) { store(dx + begin + i, masked(begin + i, group), group); });
    });
    return;
  }
  float* partials = static_cast<float*>(scratch(chunks_of(T) * D * int64_t{sizeof(float)}));
  const auto add_rows = [=](int64_t begin, int64_t end, float* total) {
    for (int64_t t = begin; t < end; ++t) {
      for_lanes(D, [=](int64_t d, auto group) {
        const Vec gradient = masked(t * D + d, group);
        store(dx + t * D + d, gradient, group);
        store(total + d, load(total + d, group) + gradient, group);
      });
    }
  };
  sum_chunks(threads_, T, D, work, partials, dbias, add_rows);
}

}  // namespace COPPICE_ISA
}  // namespace coppice
