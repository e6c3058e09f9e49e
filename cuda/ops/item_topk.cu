// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"
#include "launch_shapes.cuh"

namespace coppice {
namespace {

constexpr int kThreads = 256;           // items that are scored together
constexpr int kUsers = 4;               // that share one pass over the table
constexpr unsigned kMostBlocks = 1024;  // each has lists of candidates in device memory

struct Candidate {
  float score;
  int32_t item;
};

struct Ranking {
  int64_t U;
  int D, V, K, capacity;
  const float *h, *table;
  const int32_t *mask_offsets, *mask_ids;
  int32_t* ids;
};

__device__ __forceinline__ bool better(Candidate a, Candidate b) {
  return a.score > b.score || (a.score == b.score && a.item < b.item);
}

__device__ __forceinline__ bool is_masked(const Ranking& r, int64_t user, int item) {
  int low = r.mask_offsets[user], high = r.mask_offsets[user + 1];
  const int end = high;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (r.mask_ids[middle] < item) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < end && r.mask_ids[low] == item;
}

// The best candidates of one user so far, best first, in one of two lists.
struct Best {
  Candidate* lists[2];
  int current, size;
};

// Merges each thread's candidate into the list; all threads of the block must call it. An element's place is the number
// of better ones, of which there is no second order: scores and items decide.
__device__ __forceinline__ void merge(const Ranking& r, Candidate mine, bool offers, Best* best) {
  GPU_SHARED(Candidate, offered, [kThreads]);
  const int count = __syncthreads_count(offers);
  if (count == 0) return;                                                  // for all threads
  offered[threadIdx.x] = offers ? mine : Candidate{-INFINITY, INT32_MAX};  // worse than any item
  __syncthreads();
  const Candidate* from = best->lists[best->current];
  Candidate* to = best->lists[1 - best->current];
  for (int i = static_cast<int>(threadIdx.x); i < best->size; i += kThreads) {
    int place = i;
    for (int j = 0; j < kThreads; ++j) place += better(offered[j], from[i]);
    if (place < r.capacity) to[place] = from[i];
  }
  if (offers) {
    int place = 0;
    for (int j = 0; j < kThreads; ++j) place += better(offered[j], mine);
    for (int j = 0; j < best->size; ++j) place += better(from[j], mine);
    if (place < r.capacity) to[place] = mine;
  }
  best->current = 1 - best->current;
  best->size = min(best->size + count, r.capacity);
  __syncthreads();
}

/// The K best items for each row.
///
///   score[u,v] = sum_d table[v,d] * h[u,d];  ids[u,:] = the K best v in 1..V-1 that are not masked for u
///
/// Shapes   h (U,D); table (V,D); mask_offsets (U+1), mask_ids ascending for each u; ids (U,K); lists (blocks, kUsers,
///          2, capacity).
/// Numbers  each score is a chain of multiply-adds in the order of d: it depends on no other user and no grid. Ties by
///          the lower item; NaN counts as -infinity; -1 where fewer than K items are left.
/// Launch   a block for each 4 users; 256 items at a time, which are merged only where one is among the best so far.
/// Cost     U*V*D multiply-adds; no (U,V) matrix; the table is read U/4 times, from the second-level cache.
/// Source   own.
__global__ void item_topk_kernel(Ranking r, Candidate* __restrict__ lists) {
  for (int64_t first = int64_t{blockIdx.x} * kUsers; first < r.U; first += int64_t{gridDim.x} * kUsers) {
    Best best[kUsers];
    for (int u = 0; u < kUsers; ++u) {
      Candidate* own = lists + (int64_t{blockIdx.x} * kUsers + u) * 2 * r.capacity;
      best[u] = {{own, own + r.capacity}, 0, 0};
    }
    for (int start = 1; start < r.V; start += kThreads) {
      const int item = start + static_cast<int>(threadIdx.x);
      float score[kUsers] = {};
      for (int d = 0; item < r.V && d < r.D; ++d) {
        const float weight = r.table[int64_t{item} * r.D + d];
        for (int u = 0; u < kUsers; ++u) {
          if (first + u < r.U) score[u] = fmaf(weight, r.h[(first + u) * r.D + d], score[u]);
        }
      }
      for (int u = 0; u < kUsers; ++u) {
        if (first + u >= r.U) continue;  // for all threads
        const Candidate mine{score[u] == score[u] ? score[u] : -INFINITY, item};
        const bool full = best[u].size == r.capacity;
        const bool offers = item < r.V && (!full || better(mine, best[u].lists[best[u].current][r.capacity - 1])) &&
                            !is_masked(r, first + u, item);
        merge(r, mine, offers, &best[u]);
      }
    }
    for (int u = 0; u < kUsers && first + u < r.U; ++u) {
      for (int i = static_cast<int>(threadIdx.x); i < r.K; i += kThreads) {
        r.ids[(first + u) * r.K + i] = i < best[u].size ? best[u].lists[best[u].current][i].item : -1;
      }
    }
  }
}

}  // namespace

void CudaDevice::item_topk(int32_t U, int32_t D, int32_t V, int32_t K, const float* h, const float* table,
                           const int32_t* mask_offsets, const int32_t* mask_ids, int32_t* ids) {
  if (U == 0 || K == 0) return;
  const int capacity = V <= 1 ? 0 : K < V - 1 ? K : V - 1;
  const unsigned wanted = blocks_for(U, kUsers), blocks = wanted < kMostBlocks ? wanted : kMostBlocks;
  const int64_t elements = int64_t{blocks} * kUsers * 2 * capacity;
  float* memory = scratch(elements * int64_t{sizeof(Candidate) / sizeof(float)});
  const Ranking r{U, D, V, K, capacity, h, table, mask_offsets, mask_ids, ids};
  const LaunchShape shape{dim3(blocks), dim3(kThreads), 0, stream_};
  COP_LAUNCH(item_topk_kernel, shape, r, reinterpret_cast<Candidate*>(memory));
}

}  // namespace coppice
