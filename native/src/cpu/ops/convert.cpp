// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "half.hpp"
#include "parallel.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Converts an array to float32.
///
///   dst[i] = float(src[i])
///
/// Shapes   src (N) F32, BF16 or F16; dst (N).
/// Numbers  exact, infinities and subnormals included; NaN stays NaN.
/// Cost     N conversions, 6 N bytes (8 N from F32): bound by memory.
/// Source   IEEE 754 binary16; bfloat16 is the upper half of binary32.
void CpuDevice::convert(int64_t N, const void* src, int32_t src_dtype, float* dst) {
  for_ranges(threads_, N, N, [=](int64_t begin, int64_t end) {
    for_floats(src, src_dtype, begin, end - begin, [=](int64_t i, float value) { dst[begin + i] = value; });
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
