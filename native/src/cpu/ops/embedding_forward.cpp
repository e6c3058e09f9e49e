// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "half.hpp"
#include "parallel.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Gathers rows of a table.
///
///   out[t,:] = table[ids[t],:], or out[t,:] += table[ids[t],:] when accumulate
///
/// Shapes   ids (T) I32 in 0..V-1; table (V,D) F32, BF16 or F16; out (T,D).
/// Numbers  exact; |error| <= 2^-24 * (|out| + |table|) when accumulate.
/// Cost     T*D copies, 8 T*D bytes: bound by memory, the table read at random.
/// Source   the definition.
void CpuDevice::embedding_forward(int32_t T, int32_t D, int32_t, const int32_t* ids, const void* table,
                                  int32_t table_dtype, int32_t accumulate, float* out) {
  for_ranges(threads_, T, int64_t{T} * D, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t first = int64_t{ids[t]} * D;
      float* row = out + t * D;
      if (accumulate != 0) {
        for_floats(table, table_dtype, first, D, [=](int64_t d, float value) { row[d] += value; });
      } else {
        for_floats(table, table_dtype, first, D, [=](int64_t d, float value) { row[d] = value; });
      }
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
