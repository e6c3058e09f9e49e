// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

/// Rotary positions: the pairs (c, c + half) of the first columns of each head are turned by the angle of the row's
/// position, in place; columns from 2 half on stay.
///
///   x1' = x1 cos - x2 sin,  x2' = x2 cos + x1 sin;  with -sin for the inverse, which is also the backward pass
///
/// Shapes   x (T,H*C); positions (T) in 0..P-1; cosines, sines (P,half).
/// Numbers  |error| <= 3 * 2^-24 * (|x1 cos| + |x2 sin|). NaN in gives NaN in its pair.
/// Launch   tiles of 8 rows.
/// Cost     3 H C operations a row, 8 H C bytes: bound by memory.
/// Errors   positions must lie in 0..P-1; the caller sees to it.
/// Source   Su et al. 2021, arXiv:2104.09864, eq. (34), with the pairing of Hugging Face's LLaMA
__global__ void rope_kernel(int64_t T, int H, int C, int half, const int32_t* __restrict__ positions,
                            const float* __restrict__ cosines, const float* __restrict__ sines, float sign,
                            float* __restrict__ x) {
  const int64_t t = row_of_tile();
  if (t >= T) return;
  const int64_t angle = int64_t{positions[t]} * half;
  for (int pair = static_cast<int>(threadIdx.x); pair < H * half; pair += kWarp) {
    const int head = pair / half, c = pair % half;
    float* first = x + (t * H + head) * C + c;
    float* second = first + half;
    const float x1 = *first, x2 = *second, cosine = cosines[angle + c], sine = sign * sines[angle + c];
    *first = fmaf(x1, cosine, -(x2 * sine));
    *second = fmaf(x2, cosine, x1 * sine);
  }
}

}  // namespace

void CudaDevice::rope_forward(int32_t T, int32_t H, int32_t C, int32_t R, int32_t, const int32_t* positions,
                              const float* cosines, const float* sines, int32_t inverse, float* x) {
  if (T == 0) return;
  COP_LAUNCH(rope_kernel, tile_shape(T, stream_), T, H, C, R / 2, positions, cosines, sines,
             inverse != 0 ? -1.0f : 1.0f, x);
}

}  // namespace coppice
