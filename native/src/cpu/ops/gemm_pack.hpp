// SPDX-License-Identifier: Apache-2.0
// Packing of the operands of the matrix product, so that the innermost loop reads memory in order.
#pragma once
#include "gemm_tile.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

typedef float Vec4 __attribute__((vector_size(16)));
typedef float UnalignedVec4 __attribute__((vector_size(16), aligned(4), may_alias));

COPPICE_INLINE float from_bits(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

COPPICE_INLINE float from_bf16(uint16_t bits) { return from_bits(static_cast<uint32_t>(bits) << 16); }

// Exact: the 15 bits of the magnitude become a float 2^112 times too small, which also places denormals.
COPPICE_INLINE float from_f16(uint16_t bits) {
  const uint32_t magnitude = (bits & 0x7fffu) << 13;
  const float scaled = from_bits(magnitude) * 0x1p112f;
  uint32_t out;
  __builtin_memcpy(&out, &scaled, sizeof out);
  out = magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : out;
  return from_bits(out | (bits & 0x8000u) << 16);
}

// dst[i] = float(src[first + i])
void read_floats(const void* src, int32_t dtype, int64_t first, int64_t count, float* dst) {
  if (dtype == COP_F32) {
    const float* s = static_cast<const float*>(src) + first;
    for (int64_t i = 0; i < count; ++i) dst[i] = s[i];
  } else if (dtype == COP_BF16) {
    const uint16_t* s = static_cast<const uint16_t*>(src) + first;
    for (int64_t i = 0; i < count; ++i) dst[i] = from_bf16(s[i]);
  } else {
    const uint16_t* s = static_cast<const uint16_t*>(src) + first;
    for (int64_t i = 0; i < count; ++i) dst[i] = from_f16(s[i]);
  }
}

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
void transpose(const float* src, int64_t src_row, int64_t width, int64_t depth, float* dst, int64_t dst_row) {
  const int64_t whole = width / 4 * 4, deep = depth / 4 * 4;
  for (int64_t p = 0; p < deep; p += 4) {
    for (int64_t j = 0; j < whole; j += 4)
      transpose_4x4(src + j * src_row + p, src_row, dst + p * dst_row + j, dst_row);
  }
  for (int64_t j = 0; j < width; ++j) {
    for (int64_t p = j < whole ? deep : 0; p < depth; ++p) dst[p * dst_row + j] = src[j * src_row + p];
  }
}

// b of the product, in memory.
struct RightOperand {
  const void* data;
  int32_t dtype;
  bool transposed;  // (n,k) instead of (k,n)
  int64_t n;
  int64_t k;
};

// Columns j0 .. j0+kTileCols-1, rows p0 .. p0+depth-1 of op(b): panel[p * kTileCols + j], 0 beyond column n.
void pack_panel(const RightOperand& b, int64_t j0, int64_t p0, int64_t depth, float* panel) {
  const int64_t width = b.n - j0 < kTileCols ? b.n - j0 : kTileCols;
  if (width < kTileCols) {
    for (int64_t i = 0; i < depth * kTileCols; ++i) panel[i] = 0.0f;
  }
  if (!b.transposed) {
    for (int64_t p = 0; p < depth; ++p) read_floats(b.data, b.dtype, (p0 + p) * b.n + j0, width, panel + p * kTileCols);
    return;
  }
  if (b.dtype == COP_F32) {
    transpose(static_cast<const float*>(b.data) + j0 * b.k + p0, b.k, width, depth, panel, kTileCols);
    return;
  }
  constexpr int64_t kStep = 64;
  float rows[kTileCols * kStep];  // a piece at a time, as float32
  for (int64_t p = 0; p < depth; p += kStep) {
    const int64_t step = depth - p < kStep ? depth - p : kStep;
    for (int64_t j = 0; j < width; ++j) read_floats(b.data, b.dtype, (j0 + j) * b.k + p0 + p, step, rows + j * kStep);
    transpose(rows, kStep, width, step, panel + p * kTileCols, kTileCols);
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
