// SPDX-License-Identifier: Apache-2.0
#include "stream.hpp"

#include <algorithm>
#include <cstring>
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

void finish(EmulatedStream* stream, uint64_t up_to) {
  while (stream->done < up_to && !stream->queue.empty()) {
    const std::function<void()> work = std::move(stream->queue.front());
    stream->queue.pop_front();
    ++stream->done;
    work();
  }
}

void finish(EmulatedStream* stream) { finish(stream, stream->submitted); }

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

cudaError_t submit(EmulatedStream* stream, std::function<void()> work) {
  if (has_faulted()) return cudaErrorLaunchFailure;
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
  return submit(stream, [=] { copy_bytes(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  const DeviceLock lock;
  if (!is_device_memory(to, bytes)) return failed(cudaErrorInvalidValue);
  return submit(stream, [=] {
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
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  const DeviceLock lock;
  finish_all();
  return outcome();
}

cudaError_t cudaDeviceReset() {
  const DeviceLock lock;
  for (EmulatedStream* stream : streams) stream->queue.clear();
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
    default:
      return last_fault();
  }
}
