// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Sums the rows of a matrix.
///
///   dbias[d] = sum_t dy[t,d]
///
/// Shapes   dy (T,D); dbias (D).
/// Numbers  |error| <= (256 + T/256) * 2^-24 * sum_t |dy[t,d]|: chunks of 256 rows, each in order, then the chunks in
///          order, whatever the number of threads.
/// Cost     T*D additions, 4 T*D bytes: bound by memory.
/// Source   the definition.
void CpuDevice::bias_backward(int32_t T, int32_t D, const float* dy, float* dbias) {
  const auto add_rows = [=](int64_t begin, int64_t end, int64_t first, int64_t last, float* total) {
    for (int64_t t = begin; t < end; ++t) {
      const float* row = dy + t * D;
      for_lanes(last - first, [=](int64_t i, auto group) {
        const int64_t d = first + i;
        store(total + d, load(total + d, group) + load(row + d, group), group);
      });
    }
  };
  if (T <= kChunkRows) {  // one chunk: the columns are shared out
    for_ranges(threads_, D, int64_t{T} * D, [=](int64_t first, int64_t last) {
      for (int64_t d = first; d < last; ++d) dbias[d] = 0.0f;
      add_rows(0, T, first, last, dbias);
    });
    return;
  }
  float* partials = static_cast<float*>(scratch(chunks_of(T) * D * int64_t{sizeof(float)}));
  sum_chunks(threads_, T, D, int64_t{T} * D, partials, dbias,
             [=](int64_t begin, int64_t end, float* total) { add_rows(begin, end, 0, D, total); });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
