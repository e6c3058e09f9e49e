// SPDX-License-Identifier: Apache-2.0
// What the race build remembers of each four bytes of shared and device memory: the last write, the last two reads,
// which bytes hold a value, and whether a copy into them is in flight.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "../watcher.hpp"

namespace emulation {

class Shadow final : public Watcher {
 public:
  Shadow();
  void memory_begins(const void* address, size_t bytes, bool written) override;
  void memory_ends(const void* address) override;
  void host_writes(const void* address, size_t bytes) override;
  void launch_begins() override;
  void accesses(const void* address, size_t bytes, Access access, const void* from) override;
  void copy_begins(const void* to, size_t bytes, const void* from) override;
  void copy_ends(const void* to, size_t bytes, const void* from) override;
  void fence() override;

 private:
  // One access; two conflict when nothing orders them.
  struct Event {
    const void* from = nullptr;  // code address; null: never
    uint64_t block = 0;
    uint32_t launch = 0, barriers = 0, warp_barriers = 0;
    uint16_t thread = 0;
    uint8_t bytes = 0;  // which of the four
    bool atomic = false;
  };
  struct Cell {
    Event write, reads[2];
    uint8_t written = 0;
    bool in_flight = false;
  };
  struct Range {
    uintptr_t begin, end;
    std::vector<Cell> cells;
  };

  Range* find(uintptr_t address);
  bool unordered(const Event& before, const Event& now) const;
  void check(Cell* cell, const Event& now, Access access, uintptr_t address);
  void atomics_order(uintptr_t address, const View& view);
  void set_in_flight(const void* to, size_t bytes, bool in_flight);
  [[noreturn]] void report(const char* kind, uintptr_t address, const Event& now, const Event* before);

  std::map<uintptr_t, Range> ranges_;
  Range* last_ = nullptr;
  uint32_t launch_ = 0;
  uintptr_t image_begin_ = 0, image_end_ = 0;  // of this library: constants of kernels lie there
  // A fence and an atomic after it release what a block did; an atomic on the same address acquires it.
  std::map<uintptr_t, std::set<uint64_t>> released_at_;
  std::map<uint64_t, std::set<uint64_t>> seen_by_;
  bool fenced_ = false;
  uint64_t fenced_block_ = 0;
  unsigned fenced_thread_ = 0;
};

}  // namespace emulation
