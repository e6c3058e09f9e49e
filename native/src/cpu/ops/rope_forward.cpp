// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"
#include "parallel.hpp"
#include "rows.hpp"

namespace coppice {
namespace COPPICE_ISA {

/// Rotary positions: the pairs (c, c + R/2) of the first R columns of each head are turned by the angle of the row's
/// position, in place; the other columns stay.
///
///   x1' = x1 cos - x2 sin,  x2' = x2 cos + x1 sin;  with -sin for the inverse, which is also the backward pass
///
/// Shapes   x (T,H*C); positions (T) in 0..P-1; cosines, sines (P,R/2)
/// Numbers  float32; |error| <= 3 * 2^-24 * (|x1 cos| + |x2 sin|). NaN in gives NaN in its pair.
/// Launch   rows over the threads.
/// Cost     3 H R operations a row.
/// Errors   positions must lie in 0..P-1; the caller sees to it.
/// Source   Su et al. 2021, arXiv:2104.09864, eq. (34), with the pairing of Hugging Face's LLaMA
void CpuDevice::rope_forward(int32_t T, int32_t H, int32_t C, int32_t R, int32_t P, const int32_t* positions,
                             const float* cosines, const float* sines, int32_t inverse, float* x) {
  (void)P;
  const int64_t half = R / 2, width = int64_t{H} * C;
  const float sign = inverse != 0 ? -1.0f : 1.0f;
  for_ranges(threads_, T, T * width, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float *cosine = cosines + positions[t] * half, *sine = sines + positions[t] * half;
      for (int64_t h = 0; h < H; ++h) {
        float *first = x + t * width + h * C, *second = first + half;
        for_lanes(half, [&](int64_t c, auto lanes) {
          const Vec x1 = load(first + c, lanes), x2 = load(second + c, lanes);
          const Vec cos = load(cosine + c, lanes), sin = sign * load(sine + c, lanes);
          store(first + c, madd(x1, cos, -(x2 * sin)), lanes);
          store(second + c, madd(x2, cos, x1 * sin), lanes);
        });
      }
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
