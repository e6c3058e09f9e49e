// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "half.hpp"
#include "parallel.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Rounds an array to BF16.
///
///   dst[i] = src[i] to the nearest number of 8 significant bits, ties to even
///
/// Shapes   src (N); dst (N) BF16.
/// Numbers  infinities stay; what is nearer to 2^128 than to the largest becomes infinite; NaN stays NaN, quiet.
/// Cost     6 N bytes: bound by memory.
/// Source   IEEE 754 section 4.3.1; bfloat16 is the upper half of binary32.
void CpuDevice::round_bf16(int64_t N, const float* src, uint16_t* dst) {
  for_ranges(threads_, N, N, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) dst[i] = bf16_of_float(src[i]);
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
