// SPDX-License-Identifier: Apache-2.0
#include "ready_queue.hpp"

#include "block.hpp"

namespace emulation {

void ReadyQueue::start(Order order, size_t warps, Random* random) {
  order_ = order;
  random_ = random;
  queue_.clear();
  head_ = 0;
  warps_.resize(warps);
  in_warps_ = 0;
  for (WarpQueue& warp : warps_) {
    warp.priority = random->next();
    warp.threads.clear();
  }
}

void ReadyQueue::push(Thread* thread) {
  if (order_ == Order::kWarps) {
    warps_[thread->warp].threads.push_back(thread);
    ++in_warps_;
  } else {
    queue_.push_back(thread);
  }
}

Thread* ReadyQueue::pop() {
  if (order_ == Order::kWarps) return pop_of_warps();
  const size_t count = queue_.size() - head_;
  if (count == 0) return nullptr;
  Thread* next;
  if (order_ == Order::kRandom) {
    Thread*& chosen = queue_[random_->next() % count];
    next = chosen;
    chosen = queue_.back();
    queue_.pop_back();
  } else {
    next = queue_[head_++];
  }
  if (head_ == queue_.size()) {
    queue_.clear();
    head_ = 0;
  }
  return next;
}

// The warp of highest priority goes first; now and then another one overtakes it.
Thread* ReadyQueue::pop_of_warps() {
  if (in_warps_ == 0) return nullptr;
  if (random_->next() % 64 == 0) warps_[random_->next() % warps_.size()].priority = random_->next();
  WarpQueue* best = nullptr;
  for (WarpQueue& warp : warps_) {
    if (!warp.threads.empty() && (best == nullptr || warp.priority > best->priority)) best = &warp;
  }
  Thread*& chosen = best->threads[random_->next() % best->threads.size()];
  Thread* next = chosen;
  chosen = best->threads.back();
  best->threads.pop_back();
  --in_warps_;
  return next;
}

}  // namespace emulation
