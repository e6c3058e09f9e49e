// SPDX-License-Identifier: Apache-2.0
#include "block.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulation {

Block& block() {
  static Block* only = new Block;  // kept to the end of the process, as are its stacks
  return *only;
}

Watcher*& watcher() {
  static Watcher* none = nullptr;
  return none;
}

void Block::set_kernel(void (*function)(void*), void* arguments) {
  function_ = function;
  arguments_ = arguments;
}

bool Block::run(uint3 index, uint64_t linear, dim3 extent, size_t shared_bytes, const Schedule& schedule) {
  prepare(index, linear, extent, shared_bytes, schedule);
  current_ = ready_.pop();
  threadIdx = current_->index;
  os_thread_.switch_to(current_->fiber);
  current_ = nullptr;
  clear_up();
  return !failed_;
}

void Block::prepare(uint3 index, uint64_t linear, dim3 extent, size_t shared_bytes, const Schedule& schedule) {
  blockIdx = index;
  linear_ = linear;
  schedule_ = schedule;
  dynamic_bytes_ = shared_bytes;
  random_ = Random(schedule.seed * 0x9e3779b97f4a7c15u + linear * 0xbf58476d1ce4e5b9u);
  count_ = live_ = extent.x * extent.y * extent.z;
  at_barrier_ = 0;
  barriers_ = 0;
  votes_ = 0;
  failed_ = false;
  while (threads_.size() < count_) {
    threads_.push_back(std::make_unique<Thread>(entry, static_cast<unsigned>(threads_.size())));
  }
  warps_.assign((count_ + 31) / 32, Warp());
  ready_.start(schedule.order, warps_.size(), &random_);
  for (unsigned i = 0; i < count_; ++i) {
    Thread* thread = threads_[i].get();
    thread->index = {i % extent.x, i / extent.x % extent.y, i / extent.x / extent.y};
    warps_[thread->warp].all |= 1u << thread->lane;
  }
  for (Warp& warp : warps_) warp.live = warp.all;
  const bool descending = schedule.order == Order::kDescending;
  for (unsigned i = 0; i < count_; ++i) make_ready(threads_[descending ? count_ - 1 - i : i].get());
}

void Block::clear_up() {
  for (std::vector<SharedArray>* list : {&arrays_, &pieces_}) {
    for (const SharedArray& array : *list) {
      if (watcher() != nullptr) watcher()->memory_ends(array.memory);
      std::free(array.memory);
    }
    list->clear();
  }
  static_bytes_ = 0;
  if (!failed_) return;
  for (unsigned i = 0; i < count_; ++i) {
    Thread* thread = threads_[i].get();
    thread->state = State::kDone;
    thread->open_copies.clear();
    thread->copy_groups.clear();
    thread->fiber.restart();
  }
}

// Fibers outlive blocks: each runs a thread of one block after the other.
void Block::entry() {
  Fiber::arrive();
  Block& own = block();
  for (;;) {
    own.inside_runtime = false;
    own.function_(own.arguments_);
    own.inside_runtime = true;
    own.thread_ends();
  }
}

void Block::thread_ends() {
  Thread* thread = current_;
  size_t copies = thread->open_copies.size();
  for (const std::vector<AsyncCopy>& group : thread->copy_groups) copies += group.size();
  if (copies > 0) emulation::fault("thread exits with %zu copies that nobody waited for", copies);
  if (at_barrier_ > 0) {
    emulation::fault("thread exits while %u threads wait at the barrier %s:%d", at_barrier_, barrier_place_.file,
                     barrier_place_.line);
  }
  Warp& warp = warps_[thread->warp];
  for (const Collective& c : warp.pending) {
    if ((c.mask >> thread->lane & 1) != 0) {
      emulation::fault("lane %u exits while %s at %s:%d waits for it (mask %08x)", thread->lane, c.name, c.place.file,
                       c.place.line, c.mask);
    }
  }
  thread->state = State::kDone;
  thread->copy_groups.clear();
  --live_;
  warp.live &= ~(1u << thread->lane);
  Thread* next = ready_.pop();
  if (next == nullptr && live_ > 0) deadlock();
  switch_from(thread, next);
}

// To the OS thread when `to` is null.
void Block::switch_from(Thread* from, Thread* to) {
  current_ = to;
  if (to != nullptr) threadIdx = to->index;
  from->fiber.switch_to(to != nullptr ? to->fiber : os_thread_);
}

void Block::make_ready(Thread* thread) {
  thread->state = State::kReady;
  ready_.push(thread);
}

void Block::wait(Thread* thread, State state) {
  thread->state = state;
  Thread* next = ready_.pop();
  if (next == nullptr) deadlock();
  if (next != thread) switch_from(thread, next);
}

// `thread` is ready and queued.
void Block::let_next_run(Thread* thread) {
  Thread* next = ready_.pop();
  if (next != thread) switch_from(thread, next);
}

void Block::yield() {
  make_ready(current_);
  let_next_run(current_);
}

bool Block::view(View* view) const {
  if (current_ == nullptr) return false;
  *view = {current_->linear, linear_, barriers_, warps_[current_->warp].barriers};
  return true;
}

void Block::fault(const std::string& message) {
  inside_runtime = true;
  char where[120];
  std::snprintf(where, sizeof where, " [block (%u,%u,%u) thread (%u,%u,%u)]", blockIdx.x, blockIdx.y, blockIdx.z,
                current_->index.x, current_->index.y, current_->index.z);
  failed_ = true;
  message_ = message + where;
  switch_from(current_, nullptr);
  std::abort();  // never: the fiber starts anew
}

void Block::deadlock() {
  std::map<std::string, std::string> waiting;
  for (unsigned i = 0; i < count_; ++i) {
    const Thread& thread = *threads_[i];
    if (thread.state == State::kDone || thread.state == State::kReady) continue;
    std::string& who =
        waiting[std::string(thread.waits_in) + " at " + thread.place.file + ":" + std::to_string(thread.place.line)];
    if (who.size() < 40) who += " " + std::to_string(i);
  }
  std::string text = "deadlock:";
  for (const auto& [place, who] : waiting) text += " threads" + who + " .. wait in " + place + ";";
  fault(text);
}

void fault(const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (block().current() != nullptr) block().fault(text);
  std::fprintf(stderr, "emulation: %s\n", text);
  std::abort();
}

bool running(View* view) { return block().view(view); }
bool inside_runtime() { return block().current() == nullptr || block().inside_runtime; }
bool on_own_stack(const void* address) { return block().current()->fiber.owns(address); }

}  // namespace emulation
