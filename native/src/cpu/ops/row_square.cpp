// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// The outer product of each row with itself, as the lower triangle of a matrix.
///
///   out[t,q(i,j)] = x[t,i] * x[t,j],  i >= j,  q(i,j) = j*D - j*(j-1)/2 + i - j
///
/// Shapes   x (T,D); out (T,D*(D+1)/2).
/// Numbers  |error| <= 2^-24 * |out|.
/// Cost     T*D*(D+1)/2 products, 2 T*D*(D+1) bytes written: bound by memory.
/// Source   the definition.
void CpuDevice::row_square(int32_t T, int32_t D, const float* x, float* out) {
  const int64_t width = D, packed = width * (width + 1) / 2;
  for_ranges(threads_, T, T * packed, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* row = x + t * width;
      float* column = out + t * packed;
      for (int64_t j = 0; j < width; column += width - j, ++j) {
        const Vec factor = splat(row[j]);
        for_lanes(width - j,
                  [=](int64_t i, auto group) { store(column + i, factor * load(row + j + i, group), group); });
      }
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
