// SPDX-License-Identifier: Apache-2.0
// The threads that can run, and which of them runs next.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "schedule.h"

namespace emulation {

// xorshift64*
class Random {
 public:
  explicit Random(uint64_t seed = 1) : state_(seed | 1) {}
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ * 0x2545f4914f6cdd1du >> 20;
  }

 private:
  uint64_t state_;
};

struct Thread;

class ReadyQueue {
 public:
  void start(Order order, size_t warps, Random* random);
  void push(Thread* thread);
  Thread* pop();  // null when empty

 private:
  Thread* pop_of_warps();

  struct WarpQueue {
    uint64_t priority;
    std::vector<Thread*> threads;
  };
  Order order_ = Order::kAscending;
  Random* random_ = nullptr;
  std::vector<Thread*> queue_;
  size_t head_ = 0;
  std::vector<WarpQueue> warps_;
  size_t in_warps_ = 0;
};

}  // namespace emulation
