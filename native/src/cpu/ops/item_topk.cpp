// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "cpu_device.hpp"
#include "gemm_pack.hpp"
#include "parallel.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

constexpr int64_t kBlockPanels = 16;                       // scored before they are looked at
constexpr int64_t kBlockItems = kBlockPanels * kTileCols;  // their packed rows stay in the second-level cache
constexpr int64_t kUsers = 8 * kTileRows;                  // that share one pass over the table

struct Candidate {
  float score;
  int32_t item;
};

COPPICE_INLINE bool worse(Candidate a, Candidate b) {
  return a.score < b.score || (a.score == b.score && a.item > b.item);
}

// The best candidates of one user so far: a heap with the worst of them on top.
struct Best {
  Candidate* heap;
  int64_t size;
  int64_t capacity;
  const int32_t* masked;  // the next masked item not below the items seen so far
  const int32_t* masked_end;

  void sink(int64_t at, Candidate value) {
    for (int64_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && worse(heap[child + 1], heap[child])) ++child;
      if (!worse(heap[child], value)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = value;
  }

  void offer(float score, int32_t item) {
    // NaN counts as -infinity.
    const Candidate candidate{score == score ? score : -__builtin_inff(), item};
    if (size == capacity && !worse(heap[0], candidate)) return;
    while (masked < masked_end && *masked < item) ++masked;
    if (masked < masked_end && *masked == item) return;
    if (size == capacity) return sink(0, candidate);
    int64_t at = size++;
    for (; at > 0 && worse(candidate, heap[(at - 1) / 2]); at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = candidate;
  }

  // Writes the items, best first, and -1 after them.
  void finish(int32_t K, int32_t* ids) {
    for (int64_t j = size; j < K; ++j) ids[j] = -1;
    while (size > 0) {
      const Candidate top = heap[0];
      --size;
      ids[size] = top.item;
      if (size > 0) sink(0, heap[size]);
    }
  }
};

// Bit j: a[j] > b
COPPICE_INLINE uint32_t greater(Vec a, float b) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(reinterpret_cast<__m512>(a), _mm512_set1_ps(b), _CMP_GT_OQ);
#elif defined(__AVX2__)
  return static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(a > b)));
#else
  return static_cast<uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(a > b)));
#endif
}

// Offers the scores of the items first, first+1, ...; `scores` is readable up to a multiple of kLanes.
void offer_all(const float* scores, int64_t count, int64_t first, Best* best) {
  int64_t j = 0;
  for (; j < count && best->size < best->capacity; ++j) best->offer(scores[j], static_cast<int32_t>(first + j));
  for (; j < count && j % kLanes != 0; ++j) best->offer(scores[j], static_cast<int32_t>(first + j));
  for (; j < count; j += kLanes) {
    uint32_t hits = greater(load(scores + j), best->heap[0].score);
    for (; hits != 0; hits &= hits - 1) {
      const int64_t at = j + __builtin_ctz(hits);
      if (at < count) best->offer(scores[at], static_cast<int32_t>(first + at));
    }
  }
}

struct Ranking {
  int64_t items;  // of the table without row 0
  int64_t D;
  int32_t K;
  int64_t capacity;
  const float* h;
  const float* packed;
  const int32_t* mask_offsets;
  const int32_t* mask_ids;
  int32_t* ids;
};

// Ranks users first .. first+count-1, at most kUsers; `scores` (kTileRows, kBlockItems), `heaps` (kUsers, capacity).
void rank(const Ranking& r, int64_t first, int64_t count, float* scores, Candidate* heaps) {
  Best best[kUsers];
  for (int64_t u = 0; u < count; ++u) {
    const int32_t* offsets = r.mask_offsets + first + u;
    best[u] = {heaps + u * r.capacity, 0, r.capacity, r.mask_ids + offsets[0], r.mask_ids + offsets[1]};
  }
  for (int64_t item = 0; item < r.items; item += kBlockItems) {
    const int64_t width = r.items - item < kBlockItems ? r.items - item : kBlockItems;
    for (int64_t u = 0; u < count; u += kTileRows) {
      const int64_t rows = count - u < kTileRows ? count - u : kTileRows;
      for (int64_t j = 0; j < width; j += kTileCols) {
        tile_of(rows, {r.h + (first + u) * r.D, r.D, 1, r.packed + (item + j) * r.D, kTileCols, r.D, scores + j,
                       kBlockItems, kTileCols, 1.0f, 0.0f});
      }
      for (int64_t k = 0; k < rows; ++k) offer_all(scores + k * kBlockItems, width, 1 + item, &best[u + k]);
    }
  }
  for (int64_t u = 0; u < count; ++u) best[u].finish(r.K, r.ids + (first + u) * r.K);
}

}  // namespace

/// The K best items for each row.
///
///   score[u,v] = sum_d table[v,d] * h[u,d];  ids[u,:] = the K best v in 1..V-1 that are not masked for u
///
/// Shapes   h (U,D); table (V,D); mask_offsets (U+1), mask_ids ascending for each u; ids (U,K).
/// Numbers  each score is a chain of multiply-adds in the order of d, cut every kDepth of them as in gemm: it depends
/// on
///          no other user, no tile and no thread. Ties by the lower item; NaN counts as -infinity; -1 where fewer than
///          K items are left.
/// Cost     U*V*D multiply-adds; no (U,V) matrix: a packed copy of the table and K candidates for each user in work.
///          A score that is not among the K best so far costs one comparison in kLanes.
/// Source   own; register tiles as in gemm.
void CpuDevice::item_topk(int32_t U, int32_t D, int32_t V, int32_t K, const float* h, const float* table,
                          const int32_t* mask_offsets, const int32_t* mask_ids, int32_t* ids) {
  const int64_t items = V > 1 ? V - 1 : 0, width = D;
  const int64_t capacity = K < items ? K : items;
  if (capacity == 0) {
    for (int64_t i = 0; i < int64_t{U} * K; ++i) ids[i] = -1;
    return;
  }
  const int64_t panels = (items + kTileCols - 1) / kTileCols, panel_floats = kTileCols * width;
  const int64_t score_floats = kTileRows * kBlockItems;
  const int64_t own_bytes = score_floats * int64_t{sizeof(float)} + kUsers * capacity * int64_t{sizeof(Candidate)};
  char* memory = static_cast<char*>(scratch(panels * panel_floats * int64_t{sizeof(float)} + threads_ * own_bytes));
  float* packed = reinterpret_cast<float*>(memory + threads_ * own_bytes);

  const RightOperand rows{table + width, COP_F32, true, items, width};
  for_ranges(threads_, panels, items * width, [=](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) pack_panel(rows, p * kTileCols, 0, width, packed + p * panel_floats);
  });
  const Ranking ranking{items, width, K, capacity, h, packed, mask_offsets, mask_ids, ids};
  for_ranges(threads_, U, U * items * (width + 1), [=](int64_t begin, int64_t end) {
    float* scores = reinterpret_cast<float*>(memory + omp_get_thread_num() * own_bytes);
    Candidate* heaps = reinterpret_cast<Candidate*>(scores + score_floats);
    for (int64_t u = begin; u < end; u += kUsers) {
      rank(ranking, u, end - u < kUsers ? end - u : kUsers, scores, heaps);
    }
  });
}

}  // namespace COPPICE_ISA
}  // namespace coppice
