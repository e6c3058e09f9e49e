// SPDX-License-Identifier: Apache-2.0
#include "device_memory.hpp"

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "fault.h"
#include "host_api.h"
#include "stream.hpp"
#include "watcher.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace emulation {
namespace {

constexpr size_t kAlignment = 256;

std::map<const char*, size_t> allocations;
std::string fault_message;

void set_open([[maybe_unused]] bool open) {
#if defined(__SANITIZE_ADDRESS__)
  for (const auto& [address, bytes] : allocations) {
    if (open) {
      __asan_unpoison_memory_region(address, bytes);
    } else {
      __asan_poison_memory_region(address, bytes);
    }
  }
#endif
}

void release(const char* address) {
  if (watcher() != nullptr) watcher()->memory_ends(address);
  std::free(const_cast<char*>(address));
}

}  // namespace

OpenDeviceMemory::OpenDeviceMemory() { set_open(true); }
OpenDeviceMemory::~OpenDeviceMemory() { set_open(false); }

bool is_device_memory(const void* address, size_t bytes) {
  const char* p = static_cast<const char*>(address);
  auto after = allocations.upper_bound(p);
  if (after == allocations.begin()) return false;
  --after;
  return p + bytes <= after->first + after->second;
}

void free_device_memory() {
  set_open(true);
  for (const auto& allocation : allocations) release(allocation.first);
  allocations.clear();
}

void set_fault(const char* message) { fault_message = message; }
bool has_faulted() { return !fault_message.empty(); }
const char* last_fault() { return fault_message.c_str(); }

}  // namespace emulation

using namespace emulation;

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  const DeviceLock lock;
  const cudaError_t recorded = outside_of_recordings();
  if (recorded != cudaSuccess) return recorded;
  void* memory = nullptr;
  if (bytes > PTRDIFF_MAX || posix_memalign(&memory, kAlignment, bytes == 0 ? 1 : bytes) != 0) {
    return failed(cudaErrorMemoryAllocation);
  }
  std::memset(memory, 0xff, bytes);
  allocations[static_cast<char*>(memory)] = bytes;
  if (watcher() != nullptr) watcher()->memory_begins(memory, bytes, false);
  set_open(false);
  *pointer = memory;
  return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
  const DeviceLock lock;
  if (pointer == nullptr) return cudaSuccess;
  const cudaError_t recorded = outside_of_recordings();
  if (recorded != cudaSuccess) return recorded;
  finish_all();
  const auto found = allocations.find(static_cast<char*>(pointer));
  if (found == allocations.end()) return failed(cudaErrorInvalidValue);
  const OpenDeviceMemory open;
  release(found->first);
  allocations.erase(found);
  return cudaSuccess;
}
