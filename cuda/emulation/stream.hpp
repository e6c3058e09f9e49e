// SPDX-License-Identifier: Apache-2.0
// Streams of the emulated device: queues of work that is done when something waits for it. While a stream is recorded,
// its work goes to a graph instead, which puts it on a queue again at each launch.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "host_api.h"
#include "schedule.h"

struct EmulatedGraph {
  std::vector<std::function<void()>> work;
};
struct EmulatedGraphExec {
  std::vector<std::function<void()>> work;
};
struct EmulatedStream {
  std::deque<std::function<void()>> queue;
  uint64_t submitted = 0, done = 0;
  std::unique_ptr<EmulatedGraph> recording;
  bool spoiled = false;  // the recording, by a call that it must not have in it
};
struct EmulatedEvent {
  EmulatedStream* stream = nullptr;
  uint64_t at = 0;
  const EmulatedGraph* recording = nullptr;  // in which it was recorded
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
// For calls that no recording may have in it: cudaErrorStreamCaptureUnsupported, and the recording is spoiled.
cudaError_t outside_of_recordings();
// Remembers an error for cudaGetLastError and returns it.
cudaError_t failed(cudaError_t error);
// What a call that waits returns: the fault of a kernel, if there was one.
cudaError_t outcome();
const Schedule& current_schedule();

}  // namespace emulation
