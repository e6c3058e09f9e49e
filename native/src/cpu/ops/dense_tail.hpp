// SPDX-License-Identifier: Apache-2.0
// The tail of the surrogate over a block of rows: the operations of the model one after the other, on a block that
// stays in the second-level cache. A row's numbers do not depend on its block.
#pragma once
#include "cpu_device.hpp"
#include "gemm_pack.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

constexpr int64_t kTailRows = 256;  // of a block; one chunk of every sum over rows

// The right operands of the tail's products, packed for tiles: op(b) (D,D) in panels of kTileCols columns.
struct TailPanels {
  const float *first, *second;            // of the forward pass: transposed weights
  const float *first_back, *second_back;  // of the backward pass
};

inline int64_t panel_floats(int64_t D) { return (D + kTileCols - 1) / kTileCols * kTileCols * D; }

inline const float* packed_panels(const float* weight, bool transposed, int64_t D, float* panels) {
  const RightOperand b{weight, COP_F32, transposed, D, D};
  for (int64_t j = 0; j < D; j += kTileCols) pack_panel(b, j, 0, D, panels + j * D);
  return panels;
}

// `memory` holds 4 * panel_floats(D).
inline TailPanels tail_panels(const DenseTail& tail, int64_t D, float* memory) {
  const int64_t floats = panel_floats(D);
  return {packed_panels(tail.first_weight, true, D, memory),
          packed_panels(tail.second_weight, true, D, memory + floats),
          packed_panels(tail.first_weight, false, D, memory + 2 * floats),
          packed_panels(tail.second_weight, false, D, memory + 3 * floats)};
}

// c (rows,D) = a (rows,D) times a packed (D,D), + beta * c
inline void multiply_packed(int64_t rows, int64_t D, const float* a, const float* panels, float beta, float* c) {
  for (int64_t row = 0; row < rows; row += kTileRows) {
    for (int64_t j = 0; j < D; j += kTileCols) {
      const int64_t left = rows - row;
      tile_of(left < kTileRows ? left : kTileRows, {a + row * D, D, 1, panels + j * D, kTileCols, D, c + row * D + j, D,
                                                    D - j < kTileCols ? D - j : kTileCols, 1.0f, beta});
    }
  }
}

// total (D,D) = a^T b over a block's rows, + beta * total; `panel` holds kTailRows * kTileCols floats.
inline void multiply_transposed(int64_t rows, int64_t D, const float* a, const float* b, float* panel, float beta,
                                float* total) {
  const RightOperand right{b, COP_F32, false, D, rows};
  for (int64_t j = 0; j < D; j += kTileCols) {
    const bool in_place = D % kTileCols == 0;
    if (!in_place) pack_panel(right, j, 0, rows, panel);
    for (int64_t i = 0; i < D; i += kTileRows) {
      tile_of(D - i < kTileRows ? D - i : kTileRows,
              {a + i, 1, D, in_place ? b + j : panel, in_place ? D : kTileCols, rows, total + i * D + j, D,
               D - j < kTileCols ? D - j : kTileCols, 1.0f, beta});
    }
  }
}

// One thread's tangents of a block.
struct TailBlock {
  float *s_dot, *middle_dot, *middle_xhat_dot, *out_xhat_dot, *lower, *upper, *hidden_dot, *delta_dot;
  float *middle_rstd_dot, *out_rstd_dot, *dpos, *dneg;

  static int64_t floats(int64_t D) { return kTailRows * (8 * D + 4); }
  TailBlock(float* memory, int64_t D) {
    float** const rows[] = {&s_dot, &middle_dot, &middle_xhat_dot, &out_xhat_dot,
                            &lower, &upper,      &hidden_dot,      &delta_dot};
    for (float** each : rows) {
      *each = memory;
      memory += kTailRows * D;
    }
    float** const scalars[] = {&middle_rstd_dot, &out_rstd_dot, &dpos, &dneg};
    for (float** each : scalars) {
      *each = memory;
      memory += kTailRows;
    }
  }
};

inline int64_t tail_scratch_bytes(int64_t D) { return 16 * D * int64_t{sizeof(float)}; }  // of the layer norms' sums

inline DenseTail tail_from(const DenseTail& tail, int64_t row, int64_t D) {
  DenseTail t = tail;
  const float** const rows[] = {&t.middle_xhat, &t.first, &t.second, &t.hidden, &t.out_xhat, &t.dhidden, &t.dmiddle};
  for (const float** each : rows) *each += row * D;
  const float** const scalars[] = {&t.middle_rstd, &t.out_rstd, &t.w};
  for (const float** each : scalars) *each += row;
  t.positives += row;
  t.negatives += row;
  return t;
}

// delta_dot = M s_dot for the first `rows` rows of the tail; `part` has one thread and enough scratch.
inline void tail_tangent(CpuDevice& part, const DenseTail& tail, const TailPanels& panels, int32_t rows, int32_t D,
                         int32_t V, bool gauss_newton, const TailBlock& b) {
  part.residual_layer_norm_forward_jvp(rows, D, b.s_dot, tail.middle_xhat, tail.middle_rstd, tail.middle_gamma, nullptr,
                                       nullptr, b.middle_dot, b.middle_xhat_dot, b.middle_rstd_dot);
  multiply_packed(rows, D, b.middle_dot, panels.first, 0.0f, b.lower);
  part.bias_relu_forward_jvp(rows, D, b.lower, nullptr, tail.first, b.lower);
  multiply_packed(rows, D, b.lower, panels.second, 0.0f, b.upper);
  part.bias_relu_forward_jvp(rows, D, b.upper, nullptr, tail.second, b.upper);
  part.axpy(int64_t{rows} * D, 1.0f, b.middle_dot, b.upper);
  part.residual_layer_norm_forward_jvp(rows, D, b.upper, tail.out_xhat, tail.out_rstd, tail.out_gamma, nullptr, nullptr,
                                       b.hidden_dot, b.out_xhat_dot, b.out_rstd_dot);
  part.sampled_bce_jvp(rows, D, V, tail.hidden, b.hidden_dot, tail.table, nullptr, tail.positives, tail.negatives,
                       tail.w, nullptr, b.dpos, b.dneg, b.upper);
  float* const dmiddle_dot = b.middle_dot;
  if (gauss_newton) {
    part.residual_layer_norm_backward(rows, D, b.upper, tail.out_xhat, tail.out_rstd, tail.out_gamma, 0.0f, 0, 0, 0,
                                      dmiddle_dot, nullptr, nullptr, nullptr, nullptr);
  } else {
    part.residual_layer_norm_backward_jvp(rows, D, tail.dhidden, b.upper, tail.out_xhat, b.out_xhat_dot, tail.out_rstd,
                                          b.out_rstd_dot, tail.out_gamma, nullptr, dmiddle_dot, nullptr, nullptr);
  }
  part.bias_relu_backward(rows, D, dmiddle_dot, tail.second, b.upper, nullptr);
  multiply_packed(rows, D, b.upper, panels.second_back, 0.0f, b.lower);
  part.bias_relu_backward(rows, D, b.lower, tail.first, b.lower, nullptr);
  multiply_packed(rows, D, b.lower, panels.first_back, 1.0f, dmiddle_dot);
  if (gauss_newton) {
    part.residual_layer_norm_backward(rows, D, dmiddle_dot, tail.middle_xhat, tail.middle_rstd, tail.middle_gamma, 0.0f,
                                      0, 0, 0, b.delta_dot, nullptr, nullptr, nullptr, nullptr);
  } else {
    part.residual_layer_norm_backward_jvp(rows, D, tail.dmiddle, dmiddle_dot, tail.middle_xhat, b.middle_xhat_dot,
                                          tail.middle_rstd, b.middle_rstd_dot, tail.middle_gamma, nullptr, b.delta_dot,
                                          nullptr, nullptr);
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
