// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "philox.hpp"

namespace coppice {
namespace COPPICE_ISA {

// Masks of (T,D) elements, (T, groups_of(D)): drawn unless they are remembered. Null when p = 0.
const uint16_t* CpuDevice::dropout_masks(int32_t T, int32_t D, float p, int64_t seed, int32_t step, int32_t site,
                                         int64_t first) {
  if (p == 0.0f) return nullptr;
  const int64_t row = groups_of(D);
  bool drawn = false;
  uint16_t* masks = masks_.of({p, step, seed, first, site, T, D}, T * row, &drawn);
  if (drawn) return masks;
  const Dropout drop = dropout_of(p, seed, step, site, first);
  for_ranges(threads_, T, 4 * int64_t{T} * D, [=](int64_t begin, int64_t end) {
    if (D % kLanes == 0) {
      draw_masks(drop, static_cast<uint32_t>(begin * D), (end - begin) * row, masks + begin * row);
      return;
    }
    for (int64_t t = begin; t < end; ++t) draw_masks(drop, static_cast<uint32_t>(t * D), row, masks + t * row);
  });
  return masks;
}

}  // namespace COPPICE_ISA
}  // namespace coppice
