// SPDX-License-Identifier: Apache-2.0
#include <omp.h>

#include "cpu_device.hpp"
#include "gemm_pack.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

constexpr int64_t kParallel = 1 << 19;        // products below which one thread is faster
constexpr int64_t kChunkFloats = 1 << 17;     // of packed b: a chunk of columns stays in the second-level cache
constexpr int64_t kPiece = 256;               // terms of a sum that one thread takes when op(a) = a^T
constexpr int64_t kPartialFloats = 4 << 20;   // of partial sums of a product with op(a) = a^T
constexpr int64_t kRowGroup = 8 * kTileRows;  // columns of a that are copied together when op(a) = a^T
constexpr int64_t kColumnGroup = 512;         // columns of c that are formed together when op(a) = a^T

int64_t divide_up(int64_t x, int64_t y) { return (x + y - 1) / y; }
int64_t least(int64_t x, int64_t y) { return x < y ? x : y; }
int64_t most(int64_t x, int64_t y) { return x > y ? x : y; }

struct Product {
  int64_t m, n, k;
  const float* a;
  RightOperand b;
  float alpha, beta;
  float* c;
};

// b is read where it lies when its rows are whole panels and near each other.
bool readable_in_place(const RightOperand& b) {
  return b.dtype == COP_F32 && !b.transposed && b.n % kTileCols == 0 && b.n <= 256;
}

// ---- op(a) = a: rows of c are independent ----

struct RowPlan {
  bool in_place;
  int64_t panels;      // of op(b)
  int64_t chunk;       // panels packed at a time
  bool split_columns;  // few rows: the panels of a row tile are spread over the threads too
};

RowPlan plan_rows(const Product& g, int threads) {
  RowPlan plan;
  plan.in_place = readable_in_place(g.b);
  plan.panels = divide_up(g.n, kTileCols);
  plan.chunk = plan.in_place ? plan.panels : least(plan.panels, most(1, kChunkFloats / most(1, g.k * kTileCols)));
  plan.split_columns = divide_up(g.m, kTileRows) < 4 * threads;
  return plan;
}

// Run by each thread of the team; `packed` holds chunk * k * kTileCols floats.
void multiply_rows(const Product& g, const RowPlan& plan, float* packed) {
  const int64_t row_tiles = divide_up(g.m, kTileRows), depth_pieces = most(1, divide_up(g.k, kDepth));
  const int64_t panel_floats = g.k * kTileCols;
  for (int64_t first = 0; first < plan.panels; first += plan.chunk) {
    const int64_t count = least(plan.chunk, plan.panels - first);
    if (!plan.in_place) {
#pragma omp for schedule(static)
      for (int64_t unit = 0; unit < count * depth_pieces; ++unit) {
        const int64_t panel = unit / depth_pieces, p = unit % depth_pieces * kDepth;
        pack_panel(g.b, (first + panel) * kTileCols, p, least(kDepth, g.k - p),
                   packed + panel * panel_floats + p * kTileCols);
      }
    }
    const int64_t pieces = plan.split_columns ? count : 1;
#pragma omp for schedule(static)
    for (int64_t unit = 0; unit < row_tiles * pieces; ++unit) {
      const int64_t row = unit / pieces * kTileRows;
      const int64_t from = plan.split_columns ? unit % pieces : 0, to = plan.split_columns ? from + 1 : count;
      for (int64_t panel = from; panel < to; ++panel) {
        const int64_t column = (first + panel) * kTileCols;
        const float* b = plan.in_place ? static_cast<const float*>(g.b.data) + column : packed + panel * panel_floats;
        tile_of(least(kTileRows, g.m - row),
                {g.a + row * g.k, g.k, 1, b, plan.in_place ? g.n : kTileCols, g.k, g.c + row * g.n + column, g.n,
                 least(kTileCols, g.n - column), g.alpha, g.beta});
      }
    }
  }
}

// ---- op(a) = a^T: the sum over k is cut in pieces of kPiece, which are added in their order ----

struct ColumnPlan {
  bool in_place;    // b
  bool copy_a;      // rows of a are far apart: blocks of it are copied
  int64_t pieces;   // of k
  int64_t group;    // pieces formed before they are added
  int64_t columns;  // of c formed together
  int64_t rows;     // of c formed together
  int64_t partial_floats() const { return rows * columns; }
  int64_t packed_floats() const { return in_place ? 0 : group * kPiece * divide_up(columns, kTileCols) * kTileCols; }
};

ColumnPlan plan_columns(const Product& g, int threads) {
  ColumnPlan plan;
  plan.in_place = readable_in_place(g.b);
  plan.copy_a = g.m > 128;
  plan.pieces = most(1, divide_up(g.k, kPiece));
  plan.group = least(plan.pieces, 8 * int64_t{threads});
  plan.columns = least(g.n, kColumnGroup);
  const int64_t rows = kPartialFloats / ((plan.group + 1) * plan.columns);
  plan.rows = least(g.m, most(1, rows / kRowGroup) * kRowGroup);
  return plan;
}

struct ColumnScratch {
  float* total;    // rows * columns
  float* partial;  // group * rows * columns
  float* packed;   // of b
  float* copies;   // of a: kPiece * kRowGroup a thread
};

// partial (rows,columns) = sum over the pieces' p of a[p, row0 + :]^T op(b)[p, column0 + :] for one group of rows.
void multiply_piece(const Product& g, const ColumnPlan& plan, int64_t row0, int64_t rows, int64_t column0,
                    int64_t columns, int64_t p, const float* packed, float* copy, float* partial) {
  const int64_t depth = least(kPiece, g.k - p);
  const float* a = g.a + p * g.m + row0;
  int64_t a_step = g.m;
  if (plan.copy_a) {
    for (int64_t i = 0; i < depth; ++i) {
      for (int64_t r = 0; r < rows; ++r) copy[i * kRowGroup + r] = a[i * g.m + r];
    }
    a = copy;
    a_step = kRowGroup;
  }
  for (int64_t column = 0; column < columns; column += kTileCols) {
    const float* b =
        plan.in_place ? static_cast<const float*>(g.b.data) + p * g.n + column0 + column : packed + column * kPiece;
    for (int64_t row = 0; row < rows; row += kTileRows) {
      tile_of(least(kTileRows, rows - row),
              {a + row, 1, a_step, b, plan.in_place ? g.n : kTileCols, depth, partial + row * columns + column, columns,
               least(kTileCols, columns - column), 1.0f, 0.0f});
    }
  }
}

// One rectangle of c; run by each thread of the team.
void multiply_rectangle(const Product& g, const ColumnPlan& plan, const ColumnScratch& s, int64_t row0,
                        int64_t column0) {
  const int64_t rows = least(plan.rows, g.m - row0), columns = least(plan.columns, g.n - column0);
  const int64_t groups = divide_up(rows, kRowGroup), panels = divide_up(columns, kTileCols);
  for (int64_t first = 0; first < plan.pieces; first += plan.group) {
    const int64_t count = least(plan.group, plan.pieces - first);
    if (!plan.in_place) {
#pragma omp for schedule(static)
      for (int64_t unit = 0; unit < count * panels; ++unit) {
        const int64_t p = (first + unit / panels) * kPiece;
        pack_panel(g.b, column0 + unit % panels * kTileCols, p, least(kPiece, g.k - p),
                   s.packed + unit * kPiece * kTileCols);
      }
    }
#pragma omp for schedule(dynamic)
    for (int64_t unit = 0; unit < count * groups; ++unit) {
      const int64_t piece = unit / groups, row = unit % groups * kRowGroup;
      multiply_piece(g, plan, row0 + row, least(kRowGroup, rows - row), column0, columns, (first + piece) * kPiece,
                     s.packed + piece * panels * kPiece * kTileCols,
                     s.copies + omp_get_thread_num() * kPiece * kRowGroup, s.partial + (piece * rows + row) * columns);
    }
    const bool last = first + count == plan.pieces;
#pragma omp for schedule(static)
    for (int64_t row = 0; row < rows; ++row) {
      float* total = s.total + row * columns;
      for (int64_t piece = 0; piece < count; ++piece) {
        const float* partial = s.partial + (piece * rows + row) * columns;
        const bool start = first + piece == 0;
        for (int64_t j = 0; j < columns; ++j) total[j] = start ? partial[j] : total[j] + partial[j];
      }
      float* c = g.c + (row0 + row) * g.n + column0;
      if (last && g.beta == 0.0f) {
        for (int64_t j = 0; j < columns; ++j) c[j] = g.alpha * total[j];
      } else if (last) {
        for (int64_t j = 0; j < columns; ++j) c[j] = g.alpha * total[j] + g.beta * c[j];
      }
    }
  }
}

void multiply_columns(const Product& g, const ColumnPlan& plan, const ColumnScratch& s) {
  for (int64_t column = 0; column < g.n; column += plan.columns) {
    for (int64_t row = 0; row < g.m; row += plan.rows) multiply_rectangle(g, plan, s, row, column);
  }
}

}  // namespace

/// The matrix product c = alpha op(a) op(b) + beta c.
///
///   c[i,j] = alpha * sum_p op(a)[i,p] * op(b)[p,j] + beta * c[i,j]
///
/// Shapes   as in coppice.h; b in BF16 and F16 is converted exactly, a few panels of it at a time.
/// Numbers  float32. Each sum is cut in pieces of P = kDepth products (kPiece when trans_a) in order, each a chain of
///          (fused) multiply-adds, and the pieces are added in order: |error| <= (min(k, P) + k/P + 4) * 2^-24 *
///          c(|inputs|). Neither threads nor, unless trans_a, other rows change a bit. NaN in gives NaN in the row and
///          column it belongs to; beta = 0 ignores c.
/// Launch   rows of c over the threads (few rows: its columns too), and pieces of k when trans_a.
/// Cost     m*n*k multiply-adds; scratch at most about 1 MiB of packed b, 16 MiB of partial sums when trans_a.
/// Source   packing and register tiles as in Goto and van de Geijn 2008, doi:10.1145/1356052.1356053.
void CpuDevice::gemm(int32_t trans_a, int32_t trans_b, int32_t m, int32_t n, int32_t k, float alpha, const float* a,
                     const void* b, int32_t b_dtype, float beta, float* c) {
  if (m == 0 || n == 0) return;
  const Product g{m, n, k, a, {b, b_dtype, trans_b != 0, n, k}, alpha, beta, c};
  const int team = int64_t{m} * n * k < kParallel ? 1 : threads_;
  if (trans_a == 0) {
    const RowPlan plan = plan_rows(g, team);
    float* packed = plan.in_place ? nullptr : static_cast<float*>(scratch(plan.chunk * g.k * kTileCols * 4));
    if (team == 1) return multiply_rows(g, plan, packed);
#pragma omp parallel num_threads(team)
    multiply_rows(g, plan, packed);
    return;
  }
  const ColumnPlan plan = plan_columns(g, team);
  ColumnScratch s;
  const int64_t copy_floats = plan.copy_a ? team * kPiece * kRowGroup : 0;
  s.packed =
      static_cast<float*>(scratch((plan.packed_floats() + copy_floats + (plan.group + 1) * plan.partial_floats()) * 4));
  s.copies = s.packed + plan.packed_floats();
  s.total = s.copies + copy_floats;
  s.partial = s.total + plan.partial_floats();
  if (team == 1) return multiply_columns(g, plan, s);
#pragma omp parallel num_threads(team)
  multiply_columns(g, plan, s);
}

}  // namespace COPPICE_ISA
}  // namespace coppice
