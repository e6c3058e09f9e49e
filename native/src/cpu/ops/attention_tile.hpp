// SPDX-License-Identifier: Apache-2.0
// Pieces of attention over one sample and head. A tile is kTile consecutive rows (queries or keys); the positions that
// they meet lie in the lanes of vectors, kLanes of them a group. Every sum over positions runs in their order, one
// product after the other, whatever tile a row is in.
#pragma once
#include "rows.hpp"
#include "transpose.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kTile = 8;
#else
constexpr int kTile = 4;
#endif

// Position i of a head: data + i * stride.
struct Positions {
  const float* data;
  int64_t stride;
  const float* at(int64_t i) const { return data + i * stride; }
};

// The first `count` lanes of x, and `other` in the rest.
COPPICE_INLINE Vec first_of(Vec x, int64_t count, Vec other) {
  IntVec lane;
  for (int i = 0; i < kLanes; ++i) lane[i] = i;
  return lane < static_cast<int32_t>(count) ? x : other;
}

inline int64_t to_lanes(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

// panels[(i / kLanes * C + c) * kLanes + i % kLanes] = x[i][c]; lanes beyond n are 0
inline void to_panels(Positions x, int64_t n, int64_t C, float* panels) {
  for (int64_t i = 0; i < n; i += kLanes, panels += C * kLanes) {
    const int64_t width = n - i < kLanes ? n - i : kLanes;
    if (width < kLanes) {
      for (int64_t j = 0; j < C; ++j) store(panels + j * kLanes, Vec{});
    }
    transpose(x.at(i), x.stride, width, C, panels, kLanes);
  }
}

// x itself when C is a whole number of vectors; else a copy in which each position is filled up with zeros.
inline Positions in_whole_vectors(Positions x, int64_t n, int64_t C, float* copy) {
  if (C % kLanes == 0) return x;
  const int64_t width = to_lanes(C);
  for (int64_t i = 0; i < n; ++i) {
    for_lanes(C, [&](int64_t c, auto lanes) { store(copy + i * width + c, load(x.at(i) + c, lanes)); });
  }
  return {copy, width};
}

// out[r * out_row + i] (+)= scale * sum_c rows[r][c] * x[i][c] for the positions i of groups first .. last-1 of x's
// panels
template <int ROWS, bool ADD>
COPPICE_INLINE void dots(Positions rows, int64_t C, const float* panels, int64_t first, int64_t last, float scale,
                         float* out, int64_t out_row) {
  int64_t group = first;
  for (; group + 2 <= last; group += 2) {
    const float *left = panels + group * C * kLanes, *right = left + C * kLanes;
    Vec sum[ROWS][2] = {};
    for (int64_t c = 0; c < C; ++c) {
      const Vec l = load(left + c * kLanes), r = load(right + c * kLanes);
#pragma GCC unroll 8
      for (int row = 0; row < ROWS; ++row) {
        const Vec a = splat(rows.data[row * rows.stride + c]);
        sum[row][0] = madd(a, l, sum[row][0]);
        sum[row][1] = madd(a, r, sum[row][1]);
      }
    }
    for (int row = 0; row < ROWS; ++row) {
      for (int v = 0; v < 2; ++v) {
        float* to = out + row * out_row + (group + v) * kLanes;
        store(to, ADD ? madd(splat(scale), sum[row][v], load(to)) : scale * sum[row][v]);
      }
    }
  }
  if (group == last) return;
  const float* left = panels + group * C * kLanes;
  Vec sum[ROWS] = {};
  for (int64_t c = 0; c < C; ++c) {
    const Vec l = load(left + c * kLanes);
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; ++row) sum[row] = madd(splat(rows.data[row * rows.stride + c]), l, sum[row]);
  }
  for (int row = 0; row < ROWS; ++row) {
    float* to = out + row * out_row + group * kLanes;
    store(to, ADD ? madd(splat(scale), sum[row], load(to)) : scale * sum[row]);
  }
}

// Which positions a row of a tile that starts at `start` meets: up to its own, or from its own.
enum class Meets { kPast, kFuture };

// The weight of row r and position i: data[r * row + i * position].
struct Weights {
  const float* data;
  int64_t row, position;
};

// out[r] (+)= sum_i weights[r][i] * x[i] for VECS vectors of channels
template <int ROWS, int VECS, Meets MEETS, bool ADD>
COPPICE_INLINE void weighted_sums(Weights weights, Positions x, int64_t start, int64_t n, float* out, int64_t out_row) {
  Vec sum[ROWS][VECS] = {};
  for (int r = 0; ADD && r < ROWS; ++r) {
    for (int v = 0; v < VECS; ++v) sum[r][v] = load(out + r * out_row + v * kLanes);
  }
  // Position i joins the rows first .. last-1.
  const auto join = [&](int64_t i, int first, int last) __attribute__((always_inline)) {
    Vec xv[VECS];
    for (int v = 0; v < VECS; ++v) xv[v] = load(x.at(i) + v * kLanes);
#pragma GCC unroll 8
    for (int r = first; r < last; ++r) {
      const Vec w = splat(weights.data[r * weights.row + i * weights.position]);
      for (int v = 0; v < VECS; ++v) sum[r][v] = madd(w, xv[v], sum[r][v]);
    }
  };
  if (MEETS == Meets::kPast) {
    for (int64_t i = 0; i <= start; ++i) join(i, 0, ROWS);
#pragma GCC unroll 8
    for (int d = 1; d < ROWS; ++d) join(start + d, d, ROWS);
  } else {
#pragma GCC unroll 8
    for (int d = 0; d < ROWS - 1; ++d) join(start + d, 0, d + 1);
    for (int64_t i = start + ROWS - 1; i < n; ++i) join(i, 0, ROWS);
  }
  for (int r = 0; r < ROWS; ++r) {
    for (int v = 0; v < VECS; ++v) store(out + r * out_row + v * kLanes, sum[r][v]);
  }
}

// out[r][c] (+)= sum_i weights[r][i] * x[i][c] over the positions i that row start + r meets; c in whole vectors
template <int ROWS, Meets MEETS, bool ADD = true>
COPPICE_INLINE void add_weighted(Weights weights, Positions x, int64_t start, int64_t n, int64_t C, float* out,
                                 int64_t out_row) {
  int64_t c = 0;
  for (; c + 2 * kLanes <= C; c += 2 * kLanes) {
    weighted_sums<ROWS, 2, MEETS, ADD>(weights, {x.data + c, x.stride}, start, n, out + c, out_row);
  }
  for (; c < C; c += kLanes) {
    weighted_sums<ROWS, 1, MEETS, ADD>(weights, {x.data + c, x.stride}, start, n, out + c, out_row);
  }
}

// out[i][c] += sum_r weights[r * weights_row + i] * rows[r][c] over the rows r with start + r <= i, for start <= i < n;
// c in whole vectors
template <int ROWS>
COPPICE_INLINE void spread_weighted(const float* weights, int64_t weights_row, Positions rows, int64_t start, int64_t n,
                                    int64_t C, float* out, int64_t out_row) {
  for (int64_t c = 0; c < C; c += kLanes) {
    Vec row[ROWS];
    for (int r = 0; r < ROWS; ++r) row[r] = load(rows.at(r) + c);
    const auto gather = [&](int64_t i, int count) __attribute__((always_inline)) {
      float* to = out + i * out_row + c;
      Vec sum = load(to);
#pragma GCC unroll 8
      for (int r = 0; r < count; ++r) sum = madd(splat(weights[r * weights_row + i]), row[r], sum);
      store(to, sum);
    };
#pragma GCC unroll 8
    for (int d = 0; d < ROWS - 1; ++d) gather(start + d, d + 1);
    for (int64_t i = start + ROWS - 1; i < n; ++i) gather(i, ROWS);
  }
}

// body(integral constant 1 .. kTile) for `rows` rows
template <int ROWS>
struct RowCount {
  static constexpr int value = ROWS;
};
template <class Body>
COPPICE_INLINE void for_row_count(int64_t rows, Body body) {
  switch (rows) {
    case 1:
      return body(RowCount<1>{});
    case 2:
      return body(RowCount<2>{});
    case 3:
      return body(RowCount<3>{});
#if defined(__AVX512F__)
    case 4:
      return body(RowCount<4>{});
    case 5:
      return body(RowCount<5>{});
    case 6:
      return body(RowCount<6>{});
    case 7:
      return body(RowCount<7>{});
#endif
    default:
      return body(RowCount<kTile>{});
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
