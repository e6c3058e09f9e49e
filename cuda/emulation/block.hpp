// SPDX-License-Identifier: Apache-2.0
// The thread block that runs: its threads, who of them can go on, and its shared memory.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "builtins.h"
#include "collectives.h"
#include "fiber.hpp"
#include "ready_queue.hpp"
#include "schedule.h"
#include "watcher.hpp"

namespace emulation {

enum class State { kReady, kAtBarrier, kInCollective, kDone };

struct AsyncCopy {
  void* to;
  const void* from;
  size_t bytes, from_bytes;
  bool landed;
};

struct Thread {
  Thread(void (*entry)(), unsigned number)
      : fiber(entry, number), linear(number), lane(number % 32), warp(number / 32) {}
  Fiber fiber;
  unsigned linear, lane, warp;
  uint3 index{};
  State state = State::kDone;
  const char* waits_in = "";
  Place place{"", 0};
  Vote vote = Vote::kNone;
  int vote_result = 0;
  std::vector<AsyncCopy> open_copies;
  std::deque<std::vector<AsyncCopy>> copy_groups;
};

// A collective that some of its lanes have reached.
struct Collective {
  unsigned mask, arrived;
  LaneFunction function;
  const char* name;
  Place place;
  void* arguments[32];
};

struct Warp {
  unsigned all = 0, live = 0;
  uint32_t barriers = 0;
  std::vector<Collective> pending;
};

struct SharedArray {
  const void* key;
  void* memory;
  size_t bytes;
};

class Block {
 public:
  // Runs all threads of one block; false when a fault ended it.
  bool run(uint3 index, uint64_t linear, dim3 extent, size_t shared_bytes, const Schedule& schedule);
  // What the threads of the blocks to come run.
  void set_kernel(void (*function)(void*), void* arguments);

  // Called by the running thread.
  void collective(const char* name, unsigned mask, void* argument, LaneFunction function, Place place);
  int barrier(const char* name, int predicate, Vote vote, Place place);
  void yield();
  void* shared_array(const void* key, size_t bytes, size_t alignment);
  void* shared_piece(unsigned index, size_t bytes, size_t alignment, size_t end);
  [[noreturn]] void fault(const std::string& message);

  Thread* current() { return current_; }
  const std::string& message() const { return message_; }
  bool view(View* view) const;
  uint64_t random() { return random_.next(); }
  const Schedule& schedule() const { return schedule_; }
  bool inside_runtime = true;

 private:
  static void entry();
  void prepare(uint3 index, uint64_t linear, dim3 extent, size_t shared_bytes, const Schedule& schedule);
  void clear_up();
  void thread_ends();
  void switch_from(Thread* from, Thread* to);
  void make_ready(Thread* thread);
  void wait(Thread* thread, State state);
  void let_next_run(Thread* thread);
  void release_barrier();
  void complete(Warp* warp, size_t pending);
  [[noreturn]] void deadlock();
  void* new_shared(size_t bytes, size_t alignment);

  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Warp> warps_;
  ReadyQueue ready_;
  Random random_;
  Schedule schedule_;
  Fiber os_thread_;
  Thread* current_ = nullptr;
  void (*function_)(void*) = nullptr;
  void* arguments_ = nullptr;
  unsigned count_ = 0, live_ = 0, at_barrier_ = 0;
  uint64_t linear_ = 0;
  uint32_t barriers_ = 0;
  Place barrier_place_{"", 0};
  int votes_ = 0;
  std::vector<SharedArray> arrays_, pieces_;
  size_t static_bytes_ = 0, dynamic_bytes_ = 0;
  bool failed_ = false;
  std::string message_;
};

Block& block();

// Marks what the runtime does on a kernel's stack.
class InRuntime {
 public:
  InRuntime() : before_(block().inside_runtime) { block().inside_runtime = true; }
  ~InRuntime() { block().inside_runtime = before_; }

 private:
  const bool before_;
};

}  // namespace emulation
