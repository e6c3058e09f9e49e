// SPDX-License-Identifier: Apache-2.0
// Shared memory of the block, and copies into it.
#include <cstdlib>
#include <cstring>
#include <new>

#include "async_copy.h"
#include "block.hpp"
#include "shared.h"

namespace emulation {
namespace {

constexpr size_t kStaticLimit = 48 << 10;

bool aligned(const void* address, size_t bytes) { return reinterpret_cast<uintptr_t>(address) % bytes == 0; }

void land(const AsyncCopy& copy) {
  std::memcpy(copy.to, copy.from, copy.from_bytes);
  std::memset(static_cast<char*>(copy.to) + copy.from_bytes, 0, copy.bytes - copy.from_bytes);
}

}  // namespace

void* Block::new_shared(size_t bytes, size_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment < 16 ? 16 : alignment, bytes == 0 ? 1 : bytes) != 0) throw std::bad_alloc();
  std::memset(memory, 0xff, bytes);  // NaN
  if (watcher() != nullptr) watcher()->memory_begins(memory, bytes, false);
  return memory;
}

void* Block::shared_array(const void* key, size_t bytes, size_t alignment) {
  for (const SharedArray& array : arrays_) {
    if (array.key == key) return array.memory;
  }
  static_bytes_ += (bytes + 15) / 16 * 16;
  if (static_bytes_ > kStaticLimit) emulation::fault("static shared memory: %zu bytes, 48 KiB allowed", static_bytes_);
  arrays_.push_back({key, new_shared(bytes, alignment), bytes});
  return arrays_.back().memory;
}

void* Block::shared_piece(unsigned index, size_t bytes, size_t alignment, size_t end) {
  if (end > dynamic_bytes_) {
    emulation::fault("dynamic shared memory: %zu bytes used, %zu given at launch", end, dynamic_bytes_);
  }
  if (index == pieces_.size()) pieces_.push_back({nullptr, new_shared(bytes, alignment), bytes});
  if (index > pieces_.size() || pieces_[index].bytes != bytes) {
    emulation::fault("dynamic shared memory is carved differently by the threads of a block");
  }
  return pieces_[index].memory;
}

void* shared_array(const void* key, size_t bytes, size_t alignment) {
  const InRuntime here;
  return block().shared_array(key, bytes, alignment);
}

void* shared_piece(unsigned index, size_t bytes, size_t alignment, size_t end) {
  const InRuntime here;
  return block().shared_piece(index, bytes, alignment, end);
}

void copy_async(void* to, const void* from, size_t bytes, size_t from_bytes) {
  const InRuntime here;
  if (bytes != 4 && bytes != 8 && bytes != 16) fault("asynchronous copy of %zu bytes", bytes);
  if (!aligned(to, bytes) || (from_bytes > 0 && !aligned(from, bytes))) {
    fault("asynchronous copy: misaligned, from %p to %p, %zu bytes", from, to, bytes);
  }
  if (watcher() != nullptr) {
    const void* caller = __builtin_return_address(0);
    if (from_bytes > 0) watcher()->accesses(from, from_bytes, Access::kRead, caller);
    watcher()->copy_begins(to, bytes, caller);
  }
  const Order order = block().schedule().order;
  const bool at_once = order == Order::kDescending || (order != Order::kAscending && block().random() % 2 == 0);
  const AsyncCopy copy{to, from, bytes, from_bytes, at_once};
  if (at_once) land(copy);
  block().current()->open_copies.push_back(copy);
}

void copy_commit() {
  const InRuntime here;
  Thread* thread = block().current();
  thread->copy_groups.push_back(std::move(thread->open_copies));
  thread->open_copies.clear();
}

void copy_wait(int groups_left) {
  const InRuntime here;
  std::deque<std::vector<AsyncCopy>>& groups = block().current()->copy_groups;
  for (; static_cast<int>(groups.size()) > groups_left; groups.pop_front()) {
    for (const AsyncCopy& copy : groups.front()) {
      if (!copy.landed) land(copy);
      if (watcher() != nullptr) watcher()->copy_ends(copy.to, copy.bytes, __builtin_return_address(0));
    }
  }
}

}  // namespace emulation
