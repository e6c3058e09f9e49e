// SPDX-License-Identifier: Apache-2.0
#include "shadow.hpp"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdio>

#include "../fault.h"

namespace emulation {
namespace {

struct Image {
  uintptr_t inside, begin, end;
};

int find_image(dl_phdr_info* info, size_t, void* result) {
  Image* image = static_cast<Image*>(result);
  uintptr_t begin = UINTPTR_MAX, end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    begin = std::min(begin, info->dlpi_addr + segment.p_vaddr);
    end = std::max(end, info->dlpi_addr + segment.p_vaddr + segment.p_memsz);
  }
  if (image->inside < begin || image->inside >= end) return 0;
  image->begin = begin;
  image->end = end;
  return 1;
}

// File and line of a code address, by addr2line; only for a report that ends the kernel.
std::string source_of(const void* code) {
  Dl_info info;
  if (code == nullptr || dladdr(code, &info) == 0) return "?";
  char command[600];
  const uintptr_t offset = reinterpret_cast<uintptr_t>(code) - 1 - reinterpret_cast<uintptr_t>(info.dli_fbase);
  std::snprintf(command, sizeof command, "addr2line -s -e '%s' %zx 2>/dev/null", info.dli_fname, offset);
  char line[256] = "?";
  if (FILE* pipe = popen(command, "r")) {
    if (std::fgets(line, sizeof line, pipe) == nullptr) line[0] = '?';
    pclose(pipe);
  }
  std::string text = line;
  while (!text.empty() && (text.back() == '\n' || text.back() == ')')) text.pop_back();
  return text;
}

// Which of the four bytes from `cell` on lie in begin .. end-1.
uint8_t bytes_of(uintptr_t cell, uintptr_t begin, uintptr_t end) {
  uint8_t bytes = 0;
  for (unsigned i = 0; i < 4; ++i) {
    if (cell + i >= begin && cell + i < end) bytes = static_cast<uint8_t>(bytes | 1u << i);
  }
  return bytes;
}

}  // namespace

Shadow::Shadow() {
  Image image{reinterpret_cast<uintptr_t>(&find_image), 0, 0};
  dl_iterate_phdr(find_image, &image);
  image_begin_ = image.begin;
  image_end_ = image.end;
}

void Shadow::memory_begins(const void* address, size_t bytes, bool written) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(address);
  Range& range = ranges_[begin];
  range.begin = begin;
  range.end = begin + bytes;
  range.cells.assign((bytes + 3) / 4, Cell());
  if (written) {
    for (Cell& cell : range.cells) cell.written = 0xf;
  }
  last_ = nullptr;
}

void Shadow::memory_ends(const void* address) {
  ranges_.erase(reinterpret_cast<uintptr_t>(address));
  last_ = nullptr;
}

Shadow::Range* Shadow::find(uintptr_t address) {
  if (last_ != nullptr && address >= last_->begin && address < last_->end) return last_;
  auto after = ranges_.upper_bound(address);
  if (after == ranges_.begin()) return nullptr;
  --after;
  if (address >= after->second.end) return nullptr;
  return last_ = &after->second;
}

void Shadow::host_writes(const void* address, size_t bytes) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(address), end = begin + bytes;
  Range* range = find(begin);
  if (range == nullptr) return;  // host memory
  for (uintptr_t cell = begin / 4 * 4; cell < end; cell += 4) {
    Cell& c = range->cells[(cell - range->begin) / 4];
    c.written = static_cast<uint8_t>(c.written | bytes_of(cell, begin, end));
  }
}

void Shadow::launch_begins() {
  ++launch_;
  released_at_.clear();
  seen_by_.clear();
  fenced_ = false;
}

void Shadow::fence() {
  View view;
  if (!running(&view)) return;
  fenced_ = true;
  fenced_block_ = view.block;
  fenced_thread_ = view.thread;
}

void Shadow::atomics_order(uintptr_t address, const View& view) {
  std::set<uint64_t>& released = released_at_[address];
  std::set<uint64_t>& seen = seen_by_[view.block];
  if (fenced_ && fenced_block_ == view.block && fenced_thread_ == view.thread) {
    released.insert(view.block);
    released.insert(seen.begin(), seen.end());
  }
  seen.insert(released.begin(), released.end());
}

bool Shadow::unordered(const Event& before, const Event& now) const {
  if (before.from == nullptr || before.launch != now.launch || (before.bytes & now.bytes) == 0) return false;
  if (before.atomic && now.atomic) return false;
  if (before.block != now.block) {
    const auto seen = seen_by_.find(now.block);
    return seen == seen_by_.end() || seen->second.count(before.block) == 0;
  }
  if (before.thread == now.thread || before.barriers != now.barriers) return false;
  return before.thread / 32 != now.thread / 32 || before.warp_barriers == now.warp_barriers;
}

void Shadow::report(const char* kind, uintptr_t address, const Event& now, const Event* before) {
  std::string text = std::string(kind) + " at " + source_of(now.from);
  if (before != nullptr) {
    text += "; other access: block " + std::to_string(before->block) + " thread " + std::to_string(before->thread) +
            " at " + source_of(before->from);
  }
  fault("%s; address %zx", text.c_str(), address);
}

void Shadow::check(Cell* cell, const Event& now, Access access, uintptr_t address) {
  if (cell->in_flight) report("access to memory that an asynchronous copy is writing", address, now, &cell->write);
  if (access != Access::kWrite && (cell->written & now.bytes) != now.bytes) {
    report("read of uninitialised memory", address, now, nullptr);
  }
  if (unordered(cell->write, now)) {
    report(access == Access::kRead ? "race: write, then read" : "race: write, then write", address, now, &cell->write);
  }
  if (access == Access::kRead) {
    const bool same = cell->reads[0].thread == now.thread && cell->reads[0].block == now.block;
    cell->reads[same || !unordered(cell->reads[0], now) ? 0 : 1] = now;
    return;
  }
  for (const Event& read : cell->reads) {
    if (unordered(read, now)) report("race: read, then write", address, now, &read);
  }
  cell->write = now;
  cell->written |= now.bytes;
}

void Shadow::accesses(const void* address, size_t bytes, Access access, const void* from) {
  View view;
  if (!running(&view) || on_own_stack(address)) return;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(address), end = begin + bytes;
  if (access == Access::kAtomic) atomics_order(begin, view);
  Event now{from,
            view.block,
            launch_,
            view.barriers,
            view.warp_barriers,
            static_cast<uint16_t>(view.thread),
            0,
            access == Access::kAtomic};
  Range* range = find(begin);
  if (range == nullptr) {
    if (begin >= image_begin_ && end <= image_end_ && access == Access::kRead) return;
    report("access outside of device memory", begin, now, nullptr);
  }
  if (end > range->end) report("access beyond the end of an array", begin, now, nullptr);
  for (uintptr_t cell = begin / 4 * 4; cell < end; cell += 4) {
    now.bytes = bytes_of(cell, begin, end);
    check(&range->cells[(cell - range->begin) / 4], now, access, begin);
  }
}

void Shadow::set_in_flight(const void* to, size_t bytes, bool in_flight) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(to);
  Range* range = find(begin);
  if (range == nullptr) return;
  for (uintptr_t cell = begin / 4 * 4; cell < begin + bytes; cell += 4) {
    range->cells[(cell - range->begin) / 4].in_flight = in_flight;
  }
}

// A copy must come after every earlier access, and others see it only after a barrier that follows the wait.
void Shadow::copy_begins(const void* to, size_t bytes, const void* from) {
  accesses(to, bytes, Access::kWrite, from);
  set_in_flight(to, bytes, true);
}

void Shadow::copy_ends(const void* to, size_t bytes, const void* from) {
  set_in_flight(to, bytes, false);
  accesses(to, bytes, Access::kWrite, from);
}

}  // namespace emulation
