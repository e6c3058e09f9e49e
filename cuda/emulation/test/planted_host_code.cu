// SPDX-License-Identifier: Apache-2.0
// Wrong launches, and missing waits between streams and for results.
#include "planted.hpp"

namespace {

__global__ void large_kernel(float* y) {
  SharedCarve carve;
  float* values = carve.take<float>(16384);
  values[threadIdx.x] = 1.0f;
  y[threadIdx.x] = values[threadIdx.x];
}

template <bool kAllowed>
bool large_shared_memory() {
  const DeviceArray<float> out(32);
  if (kAllowed) cudaFuncSetAttribute(large_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 65536);
  gpu_launch(large_kernel, shape(1, 32, 65536), out.data());
  return out.holds(std::vector<float>(32, 1.0f));
}

__global__ void one_kernel(float* y) { y[threadIdx.x % 32] = 1.0f; }

template <unsigned kBlocks, unsigned kThreads>
bool launches() {
  const DeviceArray<float> out(32);
  gpu_launch(one_kernel, shape(kBlocks, kThreads), out.data());
  return out.holds(std::vector<float>(32, 1.0f));
}

bool ragged_warps() {
  const DeviceArray<float> out(32);
  gpu_launch(one_kernel, LaunchShape{dim3(1), dim3(16, 4), 0, nullptr}, out.data());
  return out.holds(std::vector<float>(32, 1.0f));
}

__global__ void add_one_kernel(float* y) { y[threadIdx.x] += 1.0f; }
__global__ void double_kernel(const float* x, float* y) { y[threadIdx.x] = 2.0f * x[threadIdx.x]; }

enum class Streams { kRight, kNoEvent, kNoSync };

template <Streams kStreams>
bool streams() {
  const DeviceArray<float> in(std::vector<float>(32, 0.0f)), out(std::vector<float>(32, 0.0f));
  cudaStream_t first = nullptr, second = nullptr;
  cudaEvent_t event = nullptr;
  cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  gpu_launch(add_one_kernel, shape(1, 32, 0, first), in.data());
  cudaEventRecord(event, first);
  if (kStreams != Streams::kNoEvent) cudaStreamWaitEvent(second, event, 0);
  gpu_launch(double_kernel, shape(1, 32, 0, second), static_cast<const float*>(in.data()), out.data());
  std::vector<float> result(32);
  cudaMemcpyAsync(result.data(), out.data(), 128, cudaMemcpyDeviceToHost, second);
  if (kStreams != Streams::kNoSync) cudaStreamSynchronize(second);
  const bool right = result == std::vector<float>(32, 2.0f);
  cudaDeviceSynchronize();
  cudaEventDestroy(event);
  cudaStreamDestroy(first);
  cudaStreamDestroy(second);
  return right;
}

bool copies_beyond_an_array() {
  const DeviceArray<float> out(32);
  const std::vector<float> in(64, 1.0f);
  cudaMemcpyAsync(out.data(), in.data(), 256, cudaMemcpyHostToDevice, nullptr);
  return true;
}

bool goes_on_after_a_reset() {
  bool refused;
  {
    const DeviceArray<float> out(32);
    gpu_launch(large_kernel, shape(1, 32, 1024), out.data());
    cudaDeviceSynchronize();
    refused = gpu_launch(one_kernel, shape(1, 32), out.data()) != cudaSuccess;
  }
  cudaDeviceReset();
  const DeviceArray<float> fresh(32);
  gpu_launch(one_kernel, shape(1, 32), fresh.data());
  return refused && fresh.holds(std::vector<float>(32, 1.0f));
}

}  // namespace

std::vector<Planted> planted_in_host_code() {
  const auto all = [](const char* name, bool (*run)(), const char* expected) {
    return Planted{name, run, expected, expected, expected};
  };
  return {
      all("control: large shared memory", large_shared_memory<true>, kRight),
      all("large shared memory not asked for", large_shared_memory<false>, "invalid configuration"),
      all("block of 2048 threads", launches<1, 2048>, "invalid configuration"),
      all("no blocks", launches<0, 32>, "invalid configuration"),
      all("warps that cross rows of a block", ragged_warps, "invalid configuration"),
      all("control: streams and an event", streams<Streams::kRight>, kRight),
      all("stream does not wait for an event", streams<Streams::kNoEvent>, kWrong),
      all("result read before the stream is done", streams<Streams::kNoSync>, kWrong),
      all("copy beyond a device array", copies_beyond_an_array, "invalid argument"),
      all("control: a fault stays until the device is reset", goes_on_after_a_reset, kRight),
  };
}
