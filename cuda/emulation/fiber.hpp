// SPDX-License-Identifier: Apache-2.0
// Stacks that take turns on one OS thread. x86-64 switches in a few instructions; elsewhere, and with
// EMULATION_UCONTEXT, ucontext does, which is much slower.
#pragma once
#include <cstddef>

#if !defined(__x86_64__) && !defined(EMULATION_UCONTEXT)
#define EMULATION_UCONTEXT
#endif
#ifdef EMULATION_UCONTEXT
#include <ucontext.h>
#endif

namespace emulation {

class Fiber {
 public:
  // The stack of the OS thread that runs the others.
  Fiber() = default;
  // A fiber that will run `entry`, which never returns. `number` staggers the tops of stacks, which would otherwise
  // all fall into the same set of the cache.
  Fiber(void (*entry)(), unsigned number);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Makes the fiber start anew at its entry; what its stack held is dropped.
  void restart();
  void switch_to(Fiber& other);
  // To be called first by an entry.
  static void arrive();
  bool owns(const void* address) const;

 private:
  static void note_arrival(void* fake_stack);

  void (*entry_)() = nullptr;
  unsigned number_ = 0;
  void* pointer_ = nullptr;
  char* mapping_ = nullptr;
  char* stack_ = nullptr;
  size_t bytes_ = 0;
  void* fake_stack_ = nullptr;  // of the address sanitizer
#ifdef EMULATION_UCONTEXT
  ucontext_t context_;
#endif
};

}  // namespace emulation
