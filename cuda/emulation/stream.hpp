// SPDX-License-Identifier: Apache-2.0
// Streams of the emulated device: queues of work that is done when something waits for it.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

#include "host_api.h"
#include "schedule.h"

struct EmulatedStream {
  std::deque<std::function<void()>> queue;
  uint64_t submitted = 0, done = 0;
};
struct EmulatedEvent {
  EmulatedStream* stream = nullptr;
  uint64_t at = 0;
};

namespace emulation {

// One device, whatever the host thread.
std::recursive_mutex& device_mutex();
class DeviceLock {
 public:
  DeviceLock() : lock_(device_mutex()) {}

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

// Does `work` when the stream gets to it; on the null stream at once, after all that was submitted before.
cudaError_t submit(EmulatedStream* stream, std::function<void()> work);
void finish_all();
// Remembers an error for cudaGetLastError and returns it.
cudaError_t failed(cudaError_t error);
// What a call that waits returns: the fault of a kernel, if there was one.
cudaError_t outcome();
const Schedule& current_schedule();

}  // namespace emulation
