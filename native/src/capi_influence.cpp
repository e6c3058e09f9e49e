// SPDX-License-Identifier: Apache-2.0
// The C boundary: curvature in the last dense layer. Checks what protects memory, calls the device, translates
// exceptions.
#include "context.hpp"
#include "error.hpp"

using coppice::guard;

namespace {

bool complete(const coppice::DenseTail& t) {
  return t.middle_xhat != nullptr && t.middle_rstd != nullptr && t.middle_gamma != nullptr && t.first != nullptr &&
         t.first_weight != nullptr && t.second != nullptr && t.second_weight != nullptr && t.hidden != nullptr &&
         t.out_xhat != nullptr && t.out_rstd != nullptr && t.out_gamma != nullptr && t.table != nullptr &&
         t.positives != nullptr && t.negatives != nullptr && t.w != nullptr && t.dhidden != nullptr &&
         t.dmiddle != nullptr;
}

}  // namespace

int32_t cop_dense_tail_hvp(cop_context* ctx, int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const float* x,
                           const float* middle_xhat, const float* middle_rstd, const float* middle_gamma,
                           const float* first, const float* first_weight, const float* second,
                           const float* second_weight, const float* hidden, const float* out_xhat,
                           const float* out_rstd, const float* out_gamma, const float* table, const int32_t* positives,
                           const int32_t* negatives, const float* w, const float* dhidden, const float* dmiddle,
                           const float* direction, float* out) {
  return guard([&] {
    const coppice::DenseTail tail{
        middle_xhat, middle_rstd, middle_gamma, first,     first_weight, second, second_weight, hidden, out_xhat,
        out_rstd,    out_gamma,   table,        positives, negatives,    w,      dhidden,       dmiddle};
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D > 0 && V >= 0);
    COP_REQUIRE(complete(tail));
    COP_REQUIRE(x != nullptr && direction != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->dense_tail_hvp(T, D, V, gauss_newton, tail, x, direction, out);
  });
}

int32_t cop_dense_tail_curvature(cop_context* ctx, int32_t T, int32_t D, int32_t V, int32_t gauss_newton,
                                 const float* middle_xhat, const float* middle_rstd, const float* middle_gamma,
                                 const float* first, const float* first_weight, const float* second,
                                 const float* second_weight, const float* hidden, const float* out_xhat,
                                 const float* out_rstd, const float* out_gamma, const float* table,
                                 const int32_t* positives, const int32_t* negatives, const float* w,
                                 const float* dhidden, const float* dmiddle, float* out) {
  return guard([&] {
    const coppice::DenseTail tail{
        middle_xhat, middle_rstd, middle_gamma, first,     first_weight, second, second_weight, hidden, out_xhat,
        out_rstd,    out_gamma,   table,        positives, negatives,    w,      dhidden,       dmiddle};
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D > 0 && V >= 0);
    COP_REQUIRE(complete(tail));
    COP_REQUIRE(out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->dense_tail_curvature(T, D, V, gauss_newton, tail, out);
  });
}

int32_t cop_dense_tail_lissa(cop_context* ctx, int32_t T, int32_t D, int32_t V, int32_t gauss_newton, const float* x,
                             const float* middle_xhat, const float* middle_rstd, const float* middle_gamma,
                             const float* first, const float* first_weight, const float* second,
                             const float* second_weight, const float* hidden, const float* out_xhat,
                             const float* out_rstd, const float* out_gamma, const float* table,
                             const int32_t* positives, const int32_t* negatives, const float* w, const float* dhidden,
                             const float* dmiddle, int32_t steps, int32_t batch, const int32_t* ranges, float damp,
                             float rate, const float* g, float* h, float* norms) {
  return guard([&] {
    const coppice::DenseTail tail{
        middle_xhat, middle_rstd, middle_gamma, first,     first_weight, second, second_weight, hidden, out_xhat,
        out_rstd,    out_gamma,   table,        positives, negatives,    w,      dhidden,       dmiddle};
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D > 0 && V >= 0);
    COP_REQUIRE(steps >= 0 && batch >= 1);
    COP_REQUIRE(complete(tail));
    COP_REQUIRE(x != nullptr && ranges != nullptr && g != nullptr && h != nullptr && norms != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->dense_tail_lissa(T, D, V, gauss_newton, tail, x, {steps, batch, ranges, damp, rate, g, h, norms});
  });
}

int32_t cop_row_square(cop_context* ctx, int32_t T, int32_t D, const float* x, float* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    COP_REQUIRE(T >= 0 && D >= 0);
    COP_REQUIRE(x != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    ctx->device->row_square(T, D, x, out);
  });
}
