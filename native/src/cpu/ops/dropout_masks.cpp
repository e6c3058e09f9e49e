// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "philox.hpp"

namespace coppice {
namespace COPPICE_ISA {

// Masks of (T,D) elements: drawn unless they are remembered.
Masks CpuDevice::dropout_masks(int32_t T, int32_t D, float p, int64_t seed, int32_t step, int32_t site, int64_t first) {
  const int64_t row = groups_of(D);
  if (p == 0.0f) return {nullptr, row, 1.0f};
  bool drawn = false;
  uint16_t* masks = masks_.of({p, step, seed, first, site, T, D}, T * row, &drawn);
  const Masks result{masks, row, scale_of(p)};
  if (drawn) return result;
  const Dropout drop = dropout_of(p, seed, step, site, first);
  for_ranges(threads_, T, 4 * int64_t{T} * D, [=](int64_t begin, int64_t end) {
    if (D % kLanes == 0) {
      draw_masks(drop, static_cast<uint32_t>(begin * D), (end - begin) * row, masks + begin * row);
      return;
    }
    for (int64_t t = begin; t < end; ++t) draw_masks(drop, static_cast<uint32_t>(t * D), row, masks + t * row);
  });
  return result;
}

}  // namespace COPPICE_ISA
}  // namespace coppice
