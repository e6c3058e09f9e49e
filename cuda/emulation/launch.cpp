// SPDX-License-Identifier: Apache-2.0
// Kernels, block by block.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "block.hpp"
#include "device_memory.hpp"
#include "host_api.h"
#include "stream.hpp"

namespace emulation {
namespace {

constexpr size_t kDefaultShared = 48 << 10, kMostShared = 227 << 10;

std::map<const void*, size_t> shared_limits;
uint64_t launches = 0;

std::vector<uint64_t> block_order(uint64_t count, const Schedule& schedule) {
  std::vector<uint64_t> order(count);
  const bool descending = schedule.order == Order::kDescending;
  for (uint64_t i = 0; i < count; ++i) order[i] = descending ? count - 1 - i : i;
  if (schedule.order == Order::kAscending || descending) return order;
  Random random(schedule.seed * 0x9e3779b97f4a7c15u);
  for (uint64_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.next() % i]);
  return order;
}

void run_grid(const Kernel& kernel, dim3 grid, dim3 extent, size_t shared_bytes) {
  const OpenDeviceMemory open;
  Schedule schedule = current_schedule();
  schedule.seed = schedule.seed * 1000003 + ++launches;
  void* arguments = kernel.arguments.get();
  if (watcher() != nullptr) {
    watcher()->launch_begins();
    watcher()->memory_begins(arguments, kernel.argument_bytes, true);
  }
  Block& only = block();
  only.set_kernel(kernel.run, arguments);
  gridDim = grid;
  blockDim = extent;
  for (const uint64_t i : block_order(uint64_t{grid.x} * grid.y * grid.z, schedule)) {
    const uint3 index{static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                      static_cast<unsigned>(i / grid.x / grid.y)};
    if (!only.run(index, i, extent, shared_bytes, schedule)) {
      set_fault(only.message().c_str());
      break;
    }
  }
  if (watcher() != nullptr) watcher()->memory_ends(arguments);
}

}  // namespace

cudaError_t launch(const Kernel& kernel, dim3 grid, dim3 extent, size_t shared_bytes, cudaStream_t stream) {
  const DeviceLock lock;
  const uint64_t threads = uint64_t{extent.x} * extent.y * extent.z;
  const auto limit = shared_limits.find(kernel.function);
  const size_t most = limit == shared_limits.end() ? kDefaultShared : limit->second;
  if (threads == 0 || threads > 1024 || extent.z > 64 || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
      grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535 || shared_bytes > most) {
    return failed(cudaErrorInvalidConfiguration);
  }
  // A warp is 32 consecutive threads; kernels take threadIdx.x % 32 for the lane.
  if (extent.x % 32 != 0 && extent.y * extent.z > 1) return failed(cudaErrorInvalidConfiguration);
  return submit(stream, [=] {
    if (!has_faulted()) run_grid(kernel, grid, extent, shared_bytes);
  });
}

cudaError_t allow_shared_bytes(const void* function, int bytes) {
  const DeviceLock lock;
  if (bytes < 0 || static_cast<size_t>(bytes) > kMostShared) return failed(cudaErrorInvalidValue);
  shared_limits[function] = static_cast<size_t>(bytes) > kDefaultShared ? static_cast<size_t>(bytes) : kDefaultShared;
  return cudaSuccess;
}

}  // namespace emulation
