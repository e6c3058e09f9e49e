// SPDX-License-Identifier: Apache-2.0
// In which order the threads and blocks of a launch run, and other choices that a device is free to make. A thread runs
// until it has to wait; no single order shows every missing barrier, so tests run several.
#pragma once
#include <cstdint>

namespace emulation {

enum class Order {
  kAscending,   // threads, released waiters and blocks by rising index; copies land as late as they may
  kDescending,  // by falling index; copies land at once
  kRandom,      // any thread that can run, blocks in any order
  kWarps        // one warp runs far ahead of the others
};

struct Schedule {
  Order order = Order::kAscending;
  uint64_t seed = 1;
};

// For all launches from now on.
void set_schedule(const Schedule& schedule);

// Schedule 1 is ascending, 2 descending, then random ones and ones by warps in turn, each with its number as seed.
Schedule schedule_of(int number);

}  // namespace emulation
