// SPDX-License-Identifier: Apache-2.0
// The samples and heads of packed attention, and how they are shared among threads: one piece of work is a sample with
// one key/value head and its query heads, which no other piece writes to.
#pragma once
#include <omp.h>

#include "attention_tile.hpp"
#include "philox.hpp"

namespace coppice {
namespace COPPICE_ISA {
namespace {

struct AttentionBatch {
  int64_t B, H, G, C;
  const int32_t* offsets;
  float scale, cap;  // cap 0: none
  int64_t window;    // keys that a query meets at most, itself among them
  int64_t longest;   // positions of a sample
  int64_t pairs;     // of a query and a key, in one head

  int64_t length(int64_t b) const { return offsets[b + 1] - offsets[b]; }
  int64_t heads_in_group() const { return H / G; }
  int64_t width() const { return to_lanes(C); }
  int64_t row() const { return to_lanes(longest); }
  bool in_tiles(int64_t n) const { return cap == 0.0f && n <= window; }  // else row by row, see attention_rows.hpp
  Positions query_head(const float* x, int64_t b, int64_t h) const { return {x + (offsets[b] * H + h) * C, H * C}; }
  Positions key_head(const float* x, int64_t b, int64_t g) const { return {x + (offsets[b] * G + g) * C, G * C}; }
};

inline AttentionBatch attention_batch(int64_t B, int64_t H, int64_t G, int64_t C, const int32_t* offsets, float scale,
                                      float cap = 0.0f, int64_t window = INT32_MAX) {
  AttentionBatch batch{B, H, G, C, offsets, scale, cap, window, 0, 0};
  for (int64_t b = 0; b < B; ++b) {
    const int64_t n = batch.length(b);
    batch.longest = n > batch.longest ? n : batch.longest;
    batch.pairs += n * (n + 1) / 2;
  }
  return batch;
}

constexpr int64_t kSerialProducts = 1 << 18;  // up to this many, one thread is faster

inline int attention_team(const AttentionBatch& batch, int threads) {
  return batch.pairs * batch.H * batch.C <= kSerialProducts ? 1 : threads;
}

// body(b, g, memory) for each sample and key/value head; `memory` is `floats` of `scratch` for each thread of the team.
template <class Body>
inline void for_samples_and_groups(const AttentionBatch& batch, int team, float* scratch, int64_t floats, Body body) {
  const int64_t items = batch.B * batch.G;
  if (team == 1) {
    for (int64_t item = 0; item < items; ++item) body(item / batch.G, item % batch.G, scratch);
    return;
  }
  const int64_t chunk = 1 + items / (int64_t{32} * team);
#pragma omp parallel for num_threads(team) schedule(dynamic, chunk)
  for (int64_t item = 0; item < items; ++item) {
    body(item / batch.G, item % batch.G, scratch + omp_get_thread_num() * floats);
  }
}

// Consecutive pieces of a thread's memory, each a whole number of cache lines.
class Pieces {
 public:
  explicit Pieces(float* memory) : next_(memory) {}
  float* take(int64_t floats) {
    float* piece = next_;
    next_ += (floats + 15) / 16 * 16;
    return piece;
  }
  int64_t taken(const float* memory) const { return next_ - memory; }

 private:
  float* next_;
};

inline void clear(float* x, int64_t count) {
  for (int64_t i = 0; i < count; ++i) x[i] = 0.0f;
}

// Positions 0 .. n-1 of `from` (n, width) to their places, C floats of each.
inline void write_positions(const float* from, int64_t n, int64_t C, int64_t width, float* to, int64_t stride) {
  for (int64_t i = 0; i < n; ++i) {
    for_lanes(C, [&](int64_t c, auto lanes) { store(to + i * stride + c, load(from + i * width + c), lanes); });
  }
}

// One head's column of x (T,H) in a whole number of groups; the lanes beyond n become `other`.
inline void gather_head(const AttentionBatch& batch, const float* x, int64_t b, int64_t h, float other, float* out) {
  const int64_t n = batch.length(b), first = batch.offsets[b];
  for (int64_t i = 0; i < n; ++i) out[i] = x[(first + i) * batch.H + h];
  for (int64_t i = n; i < to_lanes(n); ++i) out[i] = other;
}

// out[i] (+)= x[i].y[i], in a whole number of groups; the lanes beyond n become 0.
template <bool ADD>
inline void row_dots(Positions x, Positions y, int64_t n, int64_t C, float* out) {
  for (int64_t i = 0; i < n; ++i) {
    Vec sum{};
    for_lanes(C, [&](int64_t c, auto lanes) { sum = madd(load(x.at(i) + c, lanes), load(y.at(i) + c, lanes), sum); });
    out[i] = ADD ? out[i] + sum_lanes(sum) : sum_lanes(sum);
  }
  for (int64_t i = n; i < to_lanes(n); ++i) out[i] = 0.0f;
}

// Dropout of probabilities: 1/(1-p) or 0 for each pair of a sample's head, pair (i,j) at i(i+1)/2 + j.
struct ProbabilityDropout {
  float p;
  int64_t seed;
  int32_t step, site;
  const int32_t* triangles;
};

inline int64_t triangle(int64_t n) { return n * (n + 1) / 2; }

inline void dropout_factors(const ProbabilityDropout& dropout, int64_t b, int64_t h, int64_t n, float* factors) {
  const Dropout drop =
      dropout_of(dropout.p, dropout.seed, dropout.step, dropout.site + 65536 * static_cast<int32_t>(h), 0);
  const uint32_t first = static_cast<uint32_t>(dropout.triangles[b]);
  for (int64_t i = 0; i < triangle(n); i += kLanes) {
    uint16_t mask = 0;
    draw_masks(drop, first + static_cast<uint32_t>(i), 1, &mask);
    store(factors + i, kept(mask, drop.scale, splat(1.0f)));
  }
}

}  // namespace
}  // namespace COPPICE_ISA
}  // namespace coppice
