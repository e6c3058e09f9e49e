// SPDX-License-Identifier: Apache-2.0
// The C boundary: operations of language models. Checks what protects memory, calls the device, translates exceptions.
#include <cmath>

#include "context.hpp"
#include "error.hpp"

using coppice::guard;

int32_t cop_rms_norm_forward(cop_context* ctx, int32_t T, int32_t D, const float* x, const float* weight, float eps,
                             float* y, float* rstd) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(x != nullptr && weight != nullptr && y != nullptr && rstd != nullptr);
    COP_REQUIRE(D > 0);
    COP_FAULT_POINT("launch");
    ctx->device->rms_norm_forward(T, D, x, weight, eps, y, rstd);
  });
}

int32_t cop_rms_norm_backward(cop_context* ctx, int32_t T, int32_t D, const float* dy, const float* x,
                              const float* rstd, const float* weight, int32_t accumulate, float* dx) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(dy != nullptr && x != nullptr && rstd != nullptr && weight != nullptr && dx != nullptr);
    COP_REQUIRE(D > 0);
    COP_FAULT_POINT("launch");
    ctx->device->rms_norm_backward(T, D, dy, x, rstd, weight, accumulate, dx);
  });
}

int32_t cop_rope_forward(cop_context* ctx, int32_t T, int32_t H, int32_t C, int32_t R, int32_t P,
                         const int32_t* positions, const float* cosines, const float* sines, int32_t inverse,
                         float* x) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && H >= 0 && C >= 0 && P >= 0 && R >= 0);
    COP_REQUIRE(positions != nullptr && cosines != nullptr && sines != nullptr && x != nullptr);
    COP_REQUIRE(R % 2 == 0 && R <= C);
    COP_FAULT_POINT("launch");
    ctx->device->rope_forward(T, H, C, R, P, positions, cosines, sines, inverse, x);
  });
}

int32_t cop_swiglu_forward(cop_context* ctx, int64_t N, const float* gate, const float* up, float* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(N >= 0);
    COP_REQUIRE(gate != nullptr && up != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->swiglu_forward(N, gate, up, out);
  });
}

int32_t cop_swiglu_backward(cop_context* ctx, int64_t N, const float* dout, const float* gate, const float* up,
                            float* dgate, float* dup) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(N >= 0);
    COP_REQUIRE(dout != nullptr && gate != nullptr && up != nullptr && dgate != nullptr && dup != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->swiglu_backward(N, dout, gate, up, dgate, dup);
  });
}

int32_t cop_geglu_forward(cop_context* ctx, int64_t N, const float* gate, const float* up, float* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(N >= 0);
    COP_REQUIRE(gate != nullptr && up != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->geglu_forward(N, gate, up, out);
  });
}

int32_t cop_geglu_backward(cop_context* ctx, int64_t N, const float* dout, const float* gate, const float* up,
                           float* dgate, float* dup) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(N >= 0);
    COP_REQUIRE(dout != nullptr && gate != nullptr && up != nullptr && dgate != nullptr && dup != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->geglu_backward(N, dout, gate, up, dgate, dup);
  });
}

int32_t cop_cross_entropy(cop_context* ctx, int32_t T, int32_t V, float cap, const int32_t* targets, const float* w,
                          float* logits, float* loss) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && V >= 0);
    COP_REQUIRE(targets != nullptr && w != nullptr && logits != nullptr && loss != nullptr);
    COP_REQUIRE(V > 0);
    COP_REQUIRE(cap >= 0.0f && cap < INFINITY);
    COP_FAULT_POINT("launch");
    ctx->device->cross_entropy(T, V, cap, targets, w, logits, loss);
  });
}
