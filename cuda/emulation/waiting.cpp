// SPDX-License-Identifier: Apache-2.0
// How threads of a block wait for each other: barriers, collectives, fences.
#include <cstring>

#include "atomics.h"
#include "block.hpp"

namespace emulation {
namespace {

bool same(const Place& a, const Place& b) { return a.line == b.line && std::strcmp(a.file, b.file) == 0; }

}  // namespace

void Block::release_barrier() {
  const unsigned released = at_barrier_;
  const bool descending = schedule_.order == Order::kDescending;
  at_barrier_ = 0;
  ++barriers_;
  for (unsigned i = 0; i < count_; ++i) {
    Thread* thread = threads_[descending ? count_ - 1 - i : i].get();
    if (thread->state != State::kAtBarrier) continue;
    thread->vote_result = thread->vote == Vote::kCount ? votes_
                          : thread->vote == Vote::kOr  ? votes_ > 0
                                                       : votes_ == static_cast<int>(released);
    make_ready(thread);
  }
  votes_ = 0;
}

int Block::barrier(const char* name, int predicate, Vote vote, Place place) {
  Thread* thread = current_;
  thread->waits_in = name;
  thread->place = place;
  thread->vote = vote;
  if (live_ != count_) {
    emulation::fault("%s at %s:%d after %u of %u threads have exited", name, place.file, place.line, count_ - live_,
                     count_);
  }
  if (at_barrier_ == 0) {
    barrier_place_ = place;
  } else if (!same(place, barrier_place_)) {
    emulation::fault("divergent barrier: %s at %s:%d while others wait at %s:%d", name, place.file, place.line,
                     barrier_place_.file, barrier_place_.line);
  }
  votes_ += predicate != 0;
  if (++at_barrier_ == live_) {
    thread->state = State::kAtBarrier;
    release_barrier();
    let_next_run(thread);
  } else {
    wait(thread, State::kAtBarrier);
  }
  return thread->vote_result;
}

void Block::complete(Warp* warp, size_t pending) {
  Collective done = warp->pending[pending];
  warp->pending[pending] = warp->pending.back();
  warp->pending.pop_back();
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((done.arrived >> lane & 1) == 0) done.arguments[lane] = nullptr;
  }
  // Only __syncwarp orders memory; a shuffle does not.
  if (done.function != nullptr) {
    done.function(done.mask, done.arguments);
  } else {
    ++warp->barriers;
  }
  const unsigned first = current_->warp * 32;
  for (unsigned i = 0; i < 32; ++i) {
    const unsigned lane = schedule_.order == Order::kDescending ? 31 - i : i;
    if ((done.arrived >> lane & 1) != 0) make_ready(threads_[first + lane].get());
  }
}

void Block::collective(const char* name, unsigned mask, void* argument, LaneFunction function, Place place) {
  Thread* thread = current_;
  Warp& warp = warps_[thread->warp];
  thread->waits_in = name;
  thread->place = place;
  mask &= warp.all;  // lanes that the block does not have
  if ((mask >> thread->lane & 1) == 0) {
    emulation::fault("%s at %s:%d: mask %08x does not name the calling lane %u", name, place.file, place.line, mask,
                     thread->lane);
  }
  if ((mask & ~warp.live) != 0) {
    emulation::fault("%s at %s:%d: mask %08x names lanes that have exited (%08x)", name, place.file, place.line, mask,
                     mask & ~warp.live);
  }
  size_t i = 0;
  while (i < warp.pending.size() && !(warp.pending[i].mask == mask && warp.pending[i].function == function &&
                                      same(warp.pending[i].place, place))) {
    ++i;
  }
  if (i == warp.pending.size()) warp.pending.push_back({mask, 0, function, name, place, {}});
  Collective& own = warp.pending[i];
  own.arrived |= 1u << thread->lane;
  own.arguments[thread->lane] = argument;
  if (own.arrived == mask) {
    complete(&warp, i);
    let_next_run(thread);
  } else {
    wait(thread, State::kInCollective);
  }
}

void warp_collective(const char* name, unsigned mask, void* argument, LaneFunction function, Place place) {
  const InRuntime here;
  block().collective(name, mask, argument, function, place);
}

int block_barrier(const char* name, int predicate, Vote vote, Place place) {
  const InRuntime here;
  return block().barrier(name, predicate, vote, place);
}

void yield() {
  const InRuntime here;
  block().yield();
}

void device_fence() {
  const InRuntime here;
  if (watcher() != nullptr) watcher()->fence();
}

void before_atomic(void* address, size_t bytes) {
  const InRuntime here;
  if (reinterpret_cast<uintptr_t>(address) % bytes != 0) fault("misaligned atomic at %p", address);
  if (watcher() != nullptr) watcher()->accesses(address, bytes, Access::kAtomic, __builtin_return_address(0));
  // So that a thread which polls does not keep the one it waits for from running.
  if (block().random() % 8 == 0) block().yield();
}

}  // namespace emulation
