// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "philox.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Sets each element to zero with probability p and scales the others.
///
///   y[t,d] = keep(t*D+d) ? x[t,d] / (1-p) : 0,   keep(c) = philox(seed; 2, step, site, first + c)[0] >= p * 2^32
///
/// Shapes   x, y (T,D), y may be x.
/// Numbers  the mask is exact; |error| <= 2 * 2^-24 * |y|. A dropped NaN becomes 0.
/// Cost     8 T*D bytes, and T*D Philox words of 15 wide products each (7 of the 20 are the same for all or not needed)
///          unless the mask was drawn lately: of training steps, in the forward pass.
/// Source   Srivastava et al., JMLR 2014; Philox4x32-10: Salmon et al., SC 2011.
void CpuDevice::dropout_forward(int32_t T, int32_t D, const float* x, float p, int64_t seed, int32_t step, int32_t site,
                                int64_t first, float* y) {
  if (p == 0.0f) {
    if (x != y) copy(y, x, int64_t{T} * D * int64_t{sizeof(float)});
    return;
  }
  const Masks masks = dropout_masks(T, D, p, seed, step, site, first);
  for_ranges(threads_, T, int64_t{T} * D, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      for_lanes(D, [=](int64_t d, auto group) {
        const int64_t i = t * D + d;
        store(y + i, masks.apply(t, d, load(x + i, group)), group);
      });
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
