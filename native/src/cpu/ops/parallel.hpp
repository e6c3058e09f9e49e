// SPDX-License-Identifier: Apache-2.0
// How an operation is shared among threads. Small ones run on the calling thread without a parallel region, which costs
// more than they do; a batch of five positions goes through thousands of operations.
//
// Results must not depend on the number of threads: a body may write only what belongs to its own rows, and a sum over
// rows is taken in chunks of kChunkRows whatever the number of threads, whose partial sums are added in order.
#pragma once
#include <omp.h>

#include <cstdint>

namespace coppice {
namespace COPPICE_ISA {
namespace {

constexpr int64_t kSerialWork = 16384;  // elements up to which one thread is faster
constexpr int64_t kChunkRows = 256;

// body(begin, end) for consecutive ranges that cover 0..count-1; `work` is the total number of elements.
template <class Body>
inline void for_ranges(int32_t threads, int64_t count, int64_t work, Body body) {
  if (count <= 0) return;
  if (threads == 1 || work <= kSerialWork) {
    body(int64_t{0}, count);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    const int64_t parts = omp_get_num_threads(), part = omp_get_thread_num();
    const int64_t begin = count * part / parts, end = count * (part + 1) / parts;
    if (begin < end) body(begin, end);
  }
}

// The first segment that starts at or after `position`; offsets (count+1) never fall.
inline int64_t first_segment_from(const int32_t* offsets, int64_t count, int64_t position) {
  int64_t low = 0, high = count;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (offsets[middle] < position) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// As for_ranges over the segments of `offsets` (count+1), in ranges of about equal numbers of positions;
// `work` elements in each position.
template <class Body>
inline void for_segment_ranges(int32_t threads, int64_t count, const int32_t* offsets, int64_t work, Body body) {
  if (count <= 0) return;
  const int64_t first = offsets[0], positions = offsets[count] - first;
  if (threads == 1 || (positions + count) * work <= kSerialWork) {
    body(int64_t{0}, count);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    const int64_t parts = omp_get_num_threads(), part = omp_get_thread_num();
    const int64_t begin = part == 0 ? 0 : first_segment_from(offsets, count, first + positions * part / parts);
    const int64_t end =
        part + 1 == parts ? count : first_segment_from(offsets, count, first + positions * (part + 1) / parts);
    if (begin < end) body(begin, end);
  }
}

inline int64_t chunks_of(int64_t rows) { return (rows + kChunkRows - 1) / kChunkRows; }

// body(begin, end, partial) for each chunk of rows, where partial (width) is the chunk's own zeroed memory in
// `partials` (chunks_of(rows), width); then total[i] = the sum of the partials in the order of chunks. One chunk needs
// no partials: it is summed in `total` itself. No rows: total becomes 0.
template <class Body>
inline void sum_chunks(int32_t threads, int64_t rows, int64_t width, int64_t work, float* partials, float* total,
                       Body body) {
  const int64_t chunks = chunks_of(rows);
  if (chunks <= 1) {
    for (int64_t i = 0; i < width; ++i) total[i] = 0.0f;
    if (rows > 0) body(int64_t{0}, rows, total);
    return;
  }
  for_ranges(threads, chunks, work, [&](int64_t first, int64_t last) {
    for (int64_t chunk = first; chunk < last; ++chunk) {
      float* partial = partials + chunk * width;
      for (int64_t i = 0; i < width; ++i) partial[i] = 0.0f;
      const int64_t begin = chunk * kChunkRows, end = begin + kChunkRows;
      body(begin, end < rows ? end : rows, partial);
    }
  });
  for (int64_t i = 0; i < width; ++i) total[i] = partials[i];
  for (int64_t chunk = 1; chunk < chunks; ++chunk) {
    for (int64_t i = 0; i < width; ++i) total[i] += partials[chunk * width + i];
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
