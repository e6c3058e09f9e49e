// SPDX-License-Identifier: Apache-2.0
// A warp's products on tensor cores: the lanes' fragments are put together to whole matrices, multiplied term by term
// and handed out again. Each sum is one chain of fused multiply-adds in float32; a device sums in another order and
// rounds towards 0, so its last bits differ.
#pragma once
#include <cmath>

#include "arithmetic.h"
#include "collectives.h"

namespace emulation {

struct Fragments {
  float d[4];
  unsigned a[4], b[2];
};

// The lower bits of a register do not take part.
struct Tf32Operand {
  static constexpr int kTerms = 8;
  static float a(Fragments** lanes, int row, int k) {
    return bits_of<float>(lanes[row % 8 * 4 + k % 4]->a[k / 4 * 2 + row / 8] & 0xffffe000u);
  }
  static float b(Fragments** lanes, int k, int column) {
    return bits_of<float>(lanes[column * 4 + k % 4]->b[k / 4] & 0xffffe000u);
  }
};

struct Bf16Operand {
  static constexpr int kTerms = 16;
  static float half(unsigned both, int which) { return bits_of<float>(which == 0 ? both << 16 : both & 0xffff0000u); }
  static float a(Fragments** lanes, int row, int k) {
    return half(lanes[row % 8 * 4 + k % 8 / 2]->a[k / 8 * 2 + row / 8], k % 2);
  }
  static float b(Fragments** lanes, int k, int column) { return half(lanes[column * 4 + k % 8 / 2]->b[k / 8], k % 2); }
};

template <class Operand>
struct Multiply {
  static void run(unsigned mask, Fragments** in, Fragments** out) {
    if (mask != ~0u) fault("mma by a warp of fewer than 32 threads (mask %08x)", mask);
    for (int row = 0; row < 16; ++row) {
      for (int column = 0; column < 8; ++column) {
        const int lane = row % 8 * 4 + column / 2, place = row / 8 * 2 + column % 2;
        float sum = in[lane]->d[place];
        for (int k = 0; k < Operand::kTerms; ++k) {
          sum = std::fma(Operand::a(in, row, k), Operand::b(in, k, column), sum);
        }
        out[lane]->d[place] = sum;
      }
    }
  }
};

template <class Operand>
void mma(const char* name, float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], Place place) {
  Fragments own;
  std::memcpy(own.d, d, sizeof own.d);
  std::memcpy(own.a, a, sizeof own.a);
  std::memcpy(own.b, b, sizeof own.b);
  const Fragments product = exchange<Multiply<Operand>, Fragments, Fragments>(name, ~0u, own, place);
  std::memcpy(d, product.d, sizeof own.d);
}

inline void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], EMULATION_PLACE) {
  mma<Tf32Operand>("mma_tf32", d, a, b, place);
}
inline void mma_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], EMULATION_PLACE) {
  mma<Bf16Operand>("mma_bf16", d, a, b, place);
}

}  // namespace emulation
