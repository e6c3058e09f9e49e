// SPDX-License-Identifier: Apache-2.0
#include "stream.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "device_memory.hpp"
#include "fault.h"
#include "ready_queue.hpp"
#include "watcher.hpp"

namespace emulation {
namespace {

std::vector<EmulatedStream*> streams;
Schedule schedule;
Random stream_random;
cudaError_t last_error = cudaSuccess;

cudaError_t spoil(EmulatedStream* stream, cudaError_t error) {
  stream->spoiled = true;
  return failed(error);
}

void finish(EmulatedStream* stream, uint64_t up_to) {
  while (stream->done < up_to && !stream->queue.empty()) {
    const std::function<void()> work = std::move(stream->queue.front());
    stream->queue.pop_front();
    ++stream->done;
    work();
  }
}

void finish(EmulatedStream* stream) { finish(stream, stream->submitted); }

// Checked again when it is done: between two launches of a graph memory may have been freed.
bool is_open(const void* address, size_t bytes, bool on_device, const char* what) {
  if (!on_device || is_device_memory(address, bytes)) return true;
  set_fault((std::string(what) + " memory that has been freed").c_str());
  return false;
}

void copy_bytes(void* to, const void* from, size_t bytes) {
  const OpenDeviceMemory open;
  std::memcpy(to, from, bytes);
  if (watcher() != nullptr) watcher()->host_writes(to, bytes);
}

}  // namespace

std::recursive_mutex& device_mutex() {
  static std::recursive_mutex* only = new std::recursive_mutex;
  return *only;
}

void set_schedule(const Schedule& chosen) {
  const DeviceLock lock;
  schedule = chosen;
  stream_random = Random(chosen.seed);
}

Schedule schedule_of(int number) {
  constexpr Order kOrders[] = {Order::kAscending, Order::kDescending};
  const Order later = number % 2 == 0 ? Order::kWarps : Order::kRandom;
  return {number <= 2 ? kOrders[number == 2] : later, static_cast<uint64_t>(number)};
}

const Schedule& current_schedule() { return schedule; }

// One piece of work of any stream after the other.
void finish_all() {
  std::vector<EmulatedStream*> left = streams;
  const bool random = schedule.order == Order::kRandom || schedule.order == Order::kWarps;
  while (!left.empty()) {
    const size_t i = random ? stream_random.next() % left.size() : 0;
    if (left[i]->queue.empty()) {
      left.erase(left.begin() + static_cast<ptrdiff_t>(i));
    } else {
      finish(left[i], left[i]->done + 1);
    }
  }
}

cudaError_t outside_of_recordings() {
  for (EmulatedStream* stream : streams) {
    if (stream->recording != nullptr) return spoil(stream, cudaErrorStreamCaptureUnsupported);
  }
  return cudaSuccess;
}

cudaError_t submit(EmulatedStream* stream, std::function<void()> work) {
  if (has_faulted()) return cudaErrorLaunchFailure;
  if (stream != nullptr && stream->recording != nullptr) {
    if (stream->spoiled) return failed(cudaErrorStreamCaptureInvalidated);
    stream->recording->work.push_back(std::move(work));
    return cudaSuccess;
  }
  if (stream == nullptr) {
    finish_all();
    work();
    return outcome();
  }
  stream->queue.push_back(std::move(work));
  ++stream->submitted;
  return cudaSuccess;
}

cudaError_t failed(cudaError_t error) { return last_error = error; }
cudaError_t outcome() { return has_faulted() ? cudaErrorLaunchFailure : cudaSuccess; }

}  // namespace emulation

using namespace emulation;

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const DeviceLock lock;
  const bool to_device = kind != cudaMemcpyDeviceToHost, from_device = kind != cudaMemcpyHostToDevice;
  if ((to_device && !is_device_memory(to, bytes)) || (from_device && !is_device_memory(from, bytes))) {
    return failed(cudaErrorInvalidValue);
  }
  return submit(stream, [=] {
    if (is_open(to, bytes, to_device, "a copy to") && is_open(from, bytes, from_device, "a copy from")) {
      copy_bytes(to, from, bytes);
    }
  });
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  const DeviceLock lock;
  if (!is_device_memory(to, bytes)) return failed(cudaErrorInvalidValue);
  return submit(stream, [=] {
    if (!is_open(to, bytes, true, "a memset of")) return;
    const OpenDeviceMemory open;
    std::memset(to, value, bytes);
    if (watcher() != nullptr) watcher()->host_writes(to, bytes);
  });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const DeviceLock lock;
  *stream = new EmulatedStream;
  streams.push_back(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const DeviceLock lock;
  finish(stream);
  streams.erase(std::find(streams.begin(), streams.end(), stream));
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const DeviceLock lock;
  if (stream != nullptr && stream->recording != nullptr) return spoil(stream, cudaErrorStreamCaptureUnsupported);
  if (stream == nullptr) {
    finish_all();
  } else {
    finish(stream);
  }
  return outcome();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const DeviceLock lock;
  EmulatedStream* other = event->stream;
  const uint64_t at = event->at;
  if (other == nullptr) return cudaSuccess;
  // Recordings over several streams are not emulated.
  if (event->recording != nullptr && event->recording != stream->recording.get()) {
    return failed(cudaErrorStreamCaptureUnsupported);
  }
  if (stream->recording != nullptr) {
    const bool within = event->recording == stream->recording.get();
    return within ? cudaSuccess : spoil(stream, cudaErrorStreamCaptureIsolation);
  }
  return submit(stream, [=] { finish(other, at); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new EmulatedEvent;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const DeviceLock lock;
  event->stream = stream;
  event->at = stream->submitted;
  event->recording = stream->recording.get();
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  const DeviceLock lock;
  if (stream == nullptr || stream->recording != nullptr) return failed(cudaErrorInvalidValue);
  stream->recording = std::make_unique<EmulatedGraph>();
  stream->spoiled = false;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const DeviceLock lock;
  if (stream == nullptr || stream->recording == nullptr) return failed(cudaErrorInvalidValue);
  std::unique_ptr<EmulatedGraph> recorded = std::move(stream->recording);
  *graph = nullptr;
  if (stream->spoiled) return failed(cudaErrorStreamCaptureInvalidated);
  *graph = recorded.release();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  if (graph == nullptr) return failed(cudaErrorInvalidValue);
  *executable = new EmulatedGraphExec{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  const DeviceLock lock;
  for (const std::function<void()>& work : executable->work) {
    const cudaError_t error = submit(stream, work);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  const DeviceLock lock;
  const cudaError_t recorded = outside_of_recordings();
  if (recorded != cudaSuccess) return recorded;
  finish_all();
  return outcome();
}

cudaError_t cudaDeviceReset() {
  const DeviceLock lock;
  for (EmulatedStream* stream : streams) {
    stream->queue.clear();
    stream->recording.reset();
  }
  free_device_memory();
  set_fault("");
  last_error = cudaSuccess;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const DeviceLock lock;
  const cudaError_t error = has_faulted() ? cudaErrorLaunchFailure : last_error;
  last_error = cudaSuccess;
  return error;
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    case cudaErrorStreamCaptureIsolation:
      return "dependency created on uncaptured work in another stream";
    default:
      return last_fault();
  }
}
