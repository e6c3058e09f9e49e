// SPDX-License-Identifier: Apache-2.0
#include "fiber.hpp"

#include <sys/mman.h>

#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulation {
namespace {

constexpr size_t kGuardBytes = 4096;
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kStackBytes = 256 << 10;
#else
constexpr size_t kStackBytes = 64 << 10;
#endif

// Who was running before the last switch.
[[maybe_unused]] Fiber* leaving = nullptr;

}  // namespace
}  // namespace emulation

#ifndef EMULATION_UCONTEXT
extern "C" void emulation_switch(void** save, void* load);
// Saves what the ABI calls preserved, and jumps: a return would mispredict.
asm(R"(
.text
.type emulation_switch,@function
emulation_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmp *%rcx
.size emulation_switch,.-emulation_switch
)");
#endif

namespace emulation {

Fiber::Fiber(void (*entry)(), unsigned number) : entry_(entry), number_(number), bytes_(kStackBytes) {
  void* mapping = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<char*>(mapping);
  mprotect(mapping_, kGuardBytes, PROT_NONE);
  stack_ = mapping_ + kGuardBytes;
  restart();
}

Fiber::~Fiber() {
  if (mapping_ != nullptr) munmap(mapping_, kStackBytes + kGuardBytes);
}

void Fiber::restart() {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(stack_, bytes_);
#endif
  fake_stack_ = nullptr;
#ifdef EMULATION_UCONTEXT
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = bytes_;
  context_.uc_link = nullptr;
  makecontext(&context_, entry_, 0);
#else
  void** top = reinterpret_cast<void**>(stack_ + bytes_ - 64 * (number_ % 61));
  *--top = nullptr;  // in the place of a return address: keeps the stack aligned as after a call
  *--top = reinterpret_cast<void*>(entry_);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  pointer_ = top;
#endif
}

void Fiber::note_arrival([[maybe_unused]] void* fake_stack) {
#if defined(__SANITIZE_ADDRESS__)
  const void* from;
  size_t bytes;
  __sanitizer_finish_switch_fiber(fake_stack, &from, &bytes);
  if (leaving != nullptr && leaving->mapping_ == nullptr) {  // the OS thread, which may be another one than before
    leaving->stack_ = static_cast<char*>(const_cast<void*>(from));
    leaving->bytes_ = bytes;
  }
#endif
}

void Fiber::arrive() { note_arrival(nullptr); }

void Fiber::switch_to(Fiber& other) {
#if defined(__SANITIZE_ADDRESS__)
  leaving = this;
  __sanitizer_start_switch_fiber(&fake_stack_, other.stack_, other.bytes_);
#endif
#ifdef EMULATION_UCONTEXT
  swapcontext(&context_, &other.context_);
#else
  emulation_switch(&pointer_, other.pointer_);
#endif
  note_arrival(fake_stack_);
}

bool Fiber::owns(const void* address) const {
  const char* p = static_cast<const char*>(address);
  return p >= stack_ && p < stack_ + bytes_;
}

}  // namespace emulation
