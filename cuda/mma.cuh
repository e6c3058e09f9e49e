// SPDX-License-Identifier: Apache-2.0
// Products of a warp on tensor cores, d += a b with 16 x 8 sums of 8 or 16 terms: all lanes call together, and each
// holds a fragment. Where a device lacks the instruction, the same by shuffles.
//
// With g = lane / 4 and t = lane % 4 (PTX ISA, "Matrix fragments for mma.m16n8k8" and "... k16"):
//
//   d[0..3]   (g, 2t) (g, 2t+1) (g+8, 2t) (g+8, 2t+1), row and column
//   TF32      a[0..3]: (g, t) (g+8, t) (g, t+4) (g+8, t+4);   b[0..1]: (t, g) (t+4, g)
//   BF16      two terms a register, the lower half first
//             a[0..3]: (g, 2t..) (g+8, 2t..) (g, 2t+8..) (g+8, 2t+8..);   b[0..1]: (2t.., g) (2t+8.., g)
#pragma once
#include "gpu.h"

// A float as an operand in TF32: 11 significant bits, to nearest, ties away from 0. What is not rounded so loses its
// lower bits in the product.
__device__ __forceinline__ unsigned tf32_of_float(float x) {
#if defined(__CUDACC__) && __CUDA_ARCH__ >= 800
  unsigned bits;
  asm("cvt.rna.tf32.f32 %0, %1;\n" : "=r"(bits) : "f"(x));
  return bits;
#else
  const unsigned bits = __float_as_uint(x);
  return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & 0xffffe000u;
#endif
}

// d += a b by shuffles, each sum a chain of fused multiply-adds in the order of the terms; for devices without BF16 and
// TF32 tensor cores. Also what the emulation is compared with. value(register, k) is term k of the register.
template <int kTerms, class Value>
__device__ __forceinline__ void mma_by_shuffles(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                                                Value value) {
  constexpr int kHalf = kTerms / 2, kInRegister = kTerms / 8;
  const int lane = static_cast<int>(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % kWarp;
  const int group = lane / 4 * 4, column = lane % 4 * 2;
  GPU_UNROLL
  for (int k = 0; k < kTerms; ++k) {
    const int half = k / kHalf, from = k % kHalf / kInRegister;
    const float upper = value(__shfl_sync(kAllLanes, a[half * 2], group + from), k);
    const float lower = value(__shfl_sync(kAllLanes, a[half * 2 + 1], group + from), k);
    GPU_UNROLL
    for (int j = 0; j < 2; ++j) {
      const float term = value(__shfl_sync(kAllLanes, b[half], (column + j) * 4 + from), k);
      d[j] = fmaf(upper, term, d[j]);
      d[2 + j] = fmaf(lower, term, d[2 + j]);
    }
  }
}

__device__ __forceinline__ void mma_tf32_by_shuffles(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  mma_by_shuffles<8>(d, a, b, [](unsigned bits, int) { return __uint_as_float(bits & 0xffffe000u); });
}

__device__ __forceinline__ void mma_bf16_by_shuffles(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  // into the upper half, where BF16 is a float
  mma_by_shuffles<16>(
      d, a, b, [](unsigned bits, int k) { return __uint_as_float(bits << (k % 2 == 0 ? 16 : 0) & 0xffff0000u); });
}

// d += a b with 8 terms in TF32; sums in float32, rounded as the device does.
__device__ __forceinline__ void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if !defined(__CUDACC__)
  emulation::mma_tf32(d, a, b);
#elif __CUDA_ARCH__ >= 800
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  mma_tf32_by_shuffles(d, a, b);
#endif
}

// d += a b with 16 terms in BF16; sums in float32, rounded as the device does.
__device__ __forceinline__ void mma_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if !defined(__CUDACC__)
  emulation::mma_bf16(d, a, b);
#elif __CUDA_ARCH__ >= 800
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  mma_bf16_by_shuffles(d, a, b);
#endif
}
