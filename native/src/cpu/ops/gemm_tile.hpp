// SPDX-License-Identifier: Apache-2.0
// The innermost part of the matrix product: one tile of c, and the packing of b.
#pragma once
#include "coppice/coppice.h"
#include "vector_math.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kTileRows = 12;  // 24 of 32 registers hold the tile
#else
constexpr int kTileRows = 6;  // 12 of 16
#endif
constexpr int kTileVecs = 2;
constexpr int kTileCols = kTileVecs * kLanes;
constexpr int64_t kDepth = 512;  // products added one after the other before they join the total of an element

// op(a) and op(b) of a tile, and where it goes.
struct Operands {
  const float* a;  // a[r * a_row + p * a_step]
  int64_t a_row;
  int64_t a_step;
  const float* b;  // b[p * b_step + j], kTileCols of them readable
  int64_t b_step;
  int64_t depth;
  float* c;  // c[r * c_row + j]
  int64_t c_row;
  int64_t cols;  // columns of c that are written, <= kTileCols
  float alpha;
  float beta;
};

template <int ROWS>
COPPICE_INLINE void write_tile(const Operands& t, const Vec (&sum)[ROWS][kTileVecs]) {
  const Vec alpha = splat(t.alpha), beta = splat(t.beta);
  for (int r = 0; r < ROWS; ++r) {
    for (int v = 0; v < kTileVecs; ++v) {
      float* c = t.c + r * t.c_row + v * kLanes;
      const int64_t left = t.cols - v * kLanes;
      if (left >= kLanes) {
        store(c, t.beta == 0.0f ? alpha * sum[r][v] : madd(beta, load(c), alpha * sum[r][v]));
      } else if (left > 0) {
        store_part(c, t.beta == 0.0f ? alpha * sum[r][v] : madd(beta, load_part(c, left), alpha * sum[r][v]), left);
      }
    }
  }
}

// sum[r][:] = sum_{p = from .. to-1} a[r,p] * b[p,:], one product after the other.
template <int ROWS>
COPPICE_INLINE void chain(const Operands& t, int64_t from, int64_t to, Vec (&sum)[ROWS][kTileVecs]) {
  for (int r = 0; r < ROWS; ++r) {
    for (int v = 0; v < kTileVecs; ++v) sum[r][v] = Vec{};
  }
  const int64_t a_row = t.a_row;
  const float* a = t.a + from * t.a_step;
  const float* b = t.b + from * t.b_step;
  for (int64_t p = from; p < to; ++p, a += t.a_step, b += t.b_step) {
    Vec bv[kTileVecs];
    for (int v = 0; v < kTileVecs; ++v) bv[v] = load(b + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < ROWS; ++r) {
      const Vec av = splat(a[r * a_row]);
      for (int v = 0; v < kTileVecs; ++v) sum[r][v] = madd(av, bv[v], sum[r][v]);
    }
  }
}

// c = alpha op(a) op(b) + beta c for ROWS rows. Each element is a chain of products in the order of p, cut every kDepth
// of them; ROWS changes nothing in it.
template <int ROWS>
void tile(const Operands& t) {
  Vec sum[ROWS][kTileVecs];
  if (t.depth <= kDepth) {
    chain<ROWS>(t, 0, t.depth, sum);
    write_tile<ROWS>(t, sum);
    return;
  }
  Vec total[ROWS][kTileVecs] = {};
  for (int64_t p = 0; p < t.depth; p += kDepth) {
    chain<ROWS>(t, p, t.depth - p > kDepth ? p + kDepth : t.depth, sum);
    for (int r = 0; r < ROWS; ++r) {
      for (int v = 0; v < kTileVecs; ++v) total[r][v] += sum[r][v];
    }
  }
  write_tile<ROWS>(t, total);
}

// As tile, for 1 .. kTileRows rows.
inline void tile_of(int64_t rows, const Operands& t) {
  switch (rows) {
    case 1:
      return tile<1>(t);
    case 2:
      return tile<2>(t);
    case 3:
      return tile<3>(t);
    case 4:
      return tile<4>(t);
    case 5:
      return tile<5>(t);
    case 6:
      return tile<6>(t);
#if defined(__AVX512F__)
    case 7:
      return tile<7>(t);
    case 8:
      return tile<8>(t);
    case 9:
      return tile<9>(t);
    case 10:
      return tile<10>(t);
    case 11:
      return tile<11>(t);
#endif
    default:
      return tile<kTileRows>(t);
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
