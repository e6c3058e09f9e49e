// SPDX-License-Identifier: Apache-2.0
// Recordings that call what they must not, and bugs that a replay has.
#include "planted.hpp"

namespace {

__global__ void add_kernel(const float* x, float* y) { y[threadIdx.x] += x[threadIdx.x]; }

// Each thread reads what its neighbour writes, with or without a barrier in between.
template <bool kBarrier>
__global__ void neighbour_kernel(const float* x, float* between, float* y) {
  const int t = static_cast<int>(threadIdx.x);
  between[t] = x[t];
  if (kBarrier) __syncthreads();
  y[t] += between[63 - t];
}

__global__ void one_waits_kernel(float* y) {
  if (threadIdx.x < 32) __syncthreads();
  y[threadIdx.x] = 1.0f;
}

class Recording {
 public:
  Recording() {
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  }
  ~Recording() {
    if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
    cudaStreamDestroy(stream);
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  bool ends() {
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(stream, &graph) != cudaSuccess) return false;
    cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    return true;
  }
  void launch(int times = 1) {
    for (int i = 0; i < times; ++i) cudaGraphLaunch(executable_, stream);
  }
  cudaStream_t stream = nullptr;

 private:
  cudaGraphExec_t executable_ = nullptr;
};

// The input changes between launches, and the recording itself does nothing.
template <bool kWaits>
bool replays() {
  const DeviceArray<float> in(std::vector<float>(64, 1.0f)), out(std::vector<float>(64, 0.0f));
  Recording recording;
  gpu_launch(add_kernel, shape(1, 64, 0, recording.stream), static_cast<const float*>(in.data()), out.data());
  recording.ends();
  cudaMemsetAsync(out.data(), 0, 256, recording.stream);
  recording.launch(2);
  const std::vector<float> tens(64, 10.0f);
  cudaMemcpyAsync(in.data(), tens.data(), 256, cudaMemcpyHostToDevice, recording.stream);
  recording.launch();
  std::vector<float> result(64);
  cudaMemcpyAsync(result.data(), out.data(), 256, cudaMemcpyDeviceToHost, recording.stream);
  if (kWaits) cudaStreamSynchronize(recording.stream);
  const bool right = result == std::vector<float>(64, 12.0f);
  cudaDeviceSynchronize();
  return right;
}

template <class Call>
bool spoils(Call call) {
  const DeviceArray<float> in(std::vector<float>(64, 1.0f)), out(std::vector<float>(64, 0.0f));
  Recording recording;
  gpu_launch(add_kernel, shape(1, 64, 0, recording.stream), static_cast<const float*>(in.data()), out.data());
  call(recording.stream);
  return recording.ends();
}

bool waits_for_the_stream() {
  return spoils([](cudaStream_t stream) { cudaStreamSynchronize(stream); });
}

bool reports_the_call_itself() {
  const DeviceArray<float> in(std::vector<float>(64, 1.0f));
  Recording recording;
  const bool refused = cudaStreamSynchronize(recording.stream) == cudaErrorStreamCaptureUnsupported &&
                       cudaDeviceSynchronize() == cudaErrorStreamCaptureUnsupported;
  const bool ended = recording.ends();
  cudaGetLastError();
  return refused && !ended;
}

bool allocates() {
  return spoils([](cudaStream_t) {
    void* memory = nullptr;
    cudaMalloc(&memory, 64);
  });
}

bool frees() {
  void* memory = nullptr;
  cudaMalloc(&memory, 64);
  return spoils([=](cudaStream_t) { cudaFree(memory); });
}

bool refuses_an_event_from_outside() {
  cudaStream_t other = nullptr;
  cudaEvent_t event = nullptr;
  cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking);
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  cudaEventRecord(event, other);
  Recording recording;
  const bool refused = cudaStreamWaitEvent(recording.stream, event, 0) == cudaErrorStreamCaptureIsolation;
  const bool ended = recording.ends();
  cudaEventDestroy(event);
  cudaStreamDestroy(other);
  cudaGetLastError();
  return refused && !ended;
}

template <bool kBarrier>
bool neighbours() {
  const std::vector<float> zeros(64, 0.0f);
  const DeviceArray<float> in(counting(64)), between(zeros), out(zeros);
  Recording recording;
  gpu_launch(neighbour_kernel<kBarrier>, shape(1, 64, 0, recording.stream), static_cast<const float*>(in.data()),
             between.data(), out.data());
  recording.ends();
  recording.launch(2);
  cudaStreamSynchronize(recording.stream);
  std::vector<float> expected(64);
  for (size_t t = 0; t < 64; ++t) expected[t] = 2.0f * static_cast<float>(64 - t);
  return out.holds(expected);
}

bool fault_in_a_replay() {
  const DeviceArray<float> out(std::vector<float>(64, 0.0f));
  Recording recording;
  gpu_launch(one_waits_kernel, shape(1, 64, 0, recording.stream), out.data());
  recording.ends();
  recording.launch();
  return out.holds(std::vector<float>(64, 1.0f));
}

enum class Freed { kByKernel, kByCopy };

// The memory of a recording ends before its last launch.
template <Freed kUsed>
bool memory_that_was_freed() {
  void* memory = nullptr;
  cudaMalloc(&memory, 256);
  const DeviceArray<float> out(std::vector<float>(64, 0.0f));
  Recording recording;
  cudaMemsetAsync(out.data(), 0, 256, recording.stream);
  if (kUsed == Freed::kByKernel) {
    gpu_launch(add_kernel, shape(1, 64, 0, recording.stream), static_cast<const float*>(memory), out.data());
  } else {
    cudaMemcpyAsync(out.data(), memory, 256, cudaMemcpyDeviceToDevice, recording.stream);
  }
  recording.ends();
  cudaFree(memory);
  recording.launch();
  cudaStreamSynchronize(recording.stream);
  return true;
}

}  // namespace

std::vector<Planted> planted_in_graphs() {
  const auto all = [](const char* name, bool (*run)(), const char* expected) {
    return Planted{name, run, expected, expected, expected};
  };
  const char* spoiled = "previous error during capture";
  return {
      all("control: a graph is launched again with other values", replays<true>, kRight),
      all("result of a graph read before the stream is done", replays<false>, kWrong),
      all("control: a wait is refused and spoils the recording", reports_the_call_itself, kRight),
      all("wait while recording", waits_for_the_stream, spoiled),
      all("allocation while recording", allocates, spoiled),
      all("free while recording", frees, spoiled),
      all("control: an event from outside of the recording is refused", refuses_an_event_from_outside, kRight),
      all("control: neighbours with a barrier, replayed", neighbours<true>, kRight),
      Planted{"race in a replay", neighbours<false>, nullptr, nullptr, "race: "},
      all("barrier that half of a block misses, in a replay", fault_in_a_replay, "barrier"),
      Planted{"kernel of a replay reads freed memory", memory_that_was_freed<Freed::kByKernel>, nullptr,
              "heap-use-after-free", "access outside of device memory"},
      all("copy of a replay reads freed memory", memory_that_was_freed<Freed::kByCopy>, "memory that has been freed"),
  };
}
