// SPDX-License-Identifier: Apache-2.0
// Transposed copies of a part of a matrix.
#pragma once
#include "vector_math.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

typedef float Vec4 __attribute__((vector_size(16)));
typedef float UnalignedVec4 __attribute__((vector_size(16), aligned(4), may_alias));

// dst[p * dst_row + j] = src[j * src_row + p] for 4 j and 4 p
COPPICE_INLINE void transpose_4x4(const float* src, int64_t src_row, float* dst, int64_t dst_row) {
  const Vec4 r0 = *reinterpret_cast<const UnalignedVec4*>(src);
  const Vec4 r1 = *reinterpret_cast<const UnalignedVec4*>(src + src_row);
  const Vec4 r2 = *reinterpret_cast<const UnalignedVec4*>(src + 2 * src_row);
  const Vec4 r3 = *reinterpret_cast<const UnalignedVec4*>(src + 3 * src_row);
  const Vec4 low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
  const Vec4 low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5), high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
  *reinterpret_cast<UnalignedVec4*>(dst) = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  *reinterpret_cast<UnalignedVec4*>(dst + dst_row) = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  *reinterpret_cast<UnalignedVec4*>(dst + 2 * dst_row) = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  *reinterpret_cast<UnalignedVec4*>(dst + 3 * dst_row) = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

// dst[p * dst_row + j] = src[j * src_row + p] for j < width, p < depth
inline void transpose(const float* src, int64_t src_row, int64_t width, int64_t depth, float* dst, int64_t dst_row) {
  const int64_t whole = width / 4 * 4, deep = depth / 4 * 4;
  for (int64_t p = 0; p < deep; p += 4) {
    for (int64_t j = 0; j < whole; j += 4)
      transpose_4x4(src + j * src_row + p, src_row, dst + p * dst_row + j, dst_row);
  }
  for (int64_t j = 0; j < width; ++j) {
    for (int64_t p = j < whole ? deep : 0; p < depth; ++p) dst[p * dst_row + j] = src[j * src_row + p];
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
