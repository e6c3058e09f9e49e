// SPDX-License-Identifier: Apache-2.0
// Accesses beyond arrays, and reads of what nobody wrote.
#include "planted.hpp"

namespace {

enum class Bounds { kRight, kWriteBeyond, kReadBeyond, kRowOverflow };

template <int kCount>
__global__ void shared_bounds_kernel(const float* x, float* y, Bounds bounds, int beyond) {
  GPU_SHARED(float, line, [kCount]);
  GPU_SHARED(float, rows, [4][kCount]);
  const int t = static_cast<int>(threadIdx.x);
  line[t] = x[t];
  for (int i = 0; i < 4; ++i) rows[i][t] = x[t];
  __syncthreads();
  float* pointer = line;
  float seen = 0.0f;
  if (t == 3 && bounds == Bounds::kWriteBeyond) pointer[beyond] = 5.0f;
  if (t == 3 && bounds == Bounds::kReadBeyond) seen = pointer[beyond];
  if (t == 3 && bounds == Bounds::kRowOverflow) rows[1][beyond] = 5.0f;
  __syncthreads();
  y[t] = seen < 0.0f ? 2.0f : 1.0f;
}

template <Bounds kBounds>
bool shared_bounds() {
  const DeviceArray<float> in(counting(64)), out(64);
  gpu_launch(shared_bounds_kernel<64>, shape(1, 64), in.data(), out.data(), kBounds, 64);
  return out.holds(std::vector<float>(64, 1.0f));
}

__global__ void carve_kernel(const float* x, float* y, int beyond) {
  SharedCarve carve;
  float* first = carve.take<float>(64);
  float* second = carve.take<float>(64);
  const int t = static_cast<int>(threadIdx.x);
  first[t] = x[t];
  second[t] = 1.0f;
  __syncthreads();
  if (t == 63) first[t + beyond] = 7.0f;
  __syncthreads();
  y[t] = second[t];
}

template <int kBeyond, size_t kBytes>
bool carves() {
  const DeviceArray<float> in(counting(64)), out(64);
  gpu_launch(carve_kernel, shape(1, 64, kBytes), in.data(), out.data(), kBeyond);
  return out.holds(std::vector<float>(64, 1.0f));
}

__global__ void unequal_carve_kernel(float* y) {
  SharedCarve carve;
  y[threadIdx.x] = carve.take<float>(threadIdx.x < 16 ? 32 : 64) == nullptr ? 0.0f : 1.0f;
}

bool unequal_carve() {
  const DeviceArray<float> out(32);
  gpu_launch(unequal_carve_kernel, shape(1, 32, 256), out.data());
  return out.holds(std::vector<float>(32, 1.0f));
}

enum class Global { kRight, kRead, kWrite };

__global__ void global_bounds_kernel(const float* x, float* y, int n, Global global) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) y[i] = global == Global::kRead && x[i + 1] < 0.0f ? 0.0f : 1.0f;
  if (i == n && global == Global::kWrite) y[i] = 1.0f;
}

template <Global kGlobal>
bool global_bounds() {
  const DeviceArray<float> in(counting(100)), out(100);
  gpu_launch(global_bounds_kernel, shape(4, 32), in.data(), out.data(), 100, kGlobal);
  return out.holds(std::vector<float>(100, 1.0f));
}

__global__ void twice_kernel(const float* x, float* y) { y[threadIdx.x] = 2.0f * x[threadIdx.x]; }

bool host_array_in_kernel() {
  const std::vector<float> in(32, 1.0f);
  const DeviceArray<float> out(32);
  gpu_launch(twice_kernel, shape(1, 32), in.data(), out.data());
  return out.holds(std::vector<float>(32, 2.0f));
}

bool host_reads_device_memory() {
  const DeviceArray<float> in(counting(32));
  return in.data()[3] == 4.0f;
}

__global__ void misaligned_kernel(const float* x, float* y) {
  y[threadIdx.x] = reinterpret_cast<const float4*>(x + 1 + 4 * threadIdx.x)->x;
}

bool misaligned_vector() {
  const DeviceArray<float> in(counting(132)), out(32);
  gpu_launch(misaligned_kernel, shape(1, 32), in.data(), out.data());
  return out.values()[0] == 2.0f;
}

__global__ void overflow_kernel(int n, float* y) {
  const int i = static_cast<int>(threadIdx.x) + n;
  y[threadIdx.x] = static_cast<float>(i * 4);
}

bool index_overflows() {
  const DeviceArray<float> out(32);
  gpu_launch(overflow_kernel, shape(1, 32), 1 << 30, out.data());
  return true;
}

enum class Unset { kAtomicSum, kCounter, kLastElement, kSwallowed };

__global__ void unset_kernel(const float* x, float* y, Unset unset) {
  GPU_SHARED(float, values, [32]);
  GPU_SHARED(int, counter, [1]);
  const int t = static_cast<int>(threadIdx.x);
  if (unset == Unset::kAtomicSum) atomicAdd(&values[t % 8], x[t]);
  if (unset == Unset::kCounter) atomicAdd(&counter[0], 1);
  if (unset == Unset::kLastElement || unset == Unset::kSwallowed) {
    if (t < 31) values[t] = 1.0f;
  }
  __syncthreads();
  y[t] = unset == Unset::kCounter     ? static_cast<float>(counter[0])
         : unset == Unset::kSwallowed ? fmaxf(values[t], 1.0f)
                                      : values[t % (unset == Unset::kAtomicSum ? 8 : 32)];
}

template <Unset kUnset>
bool unset() {
  const DeviceArray<float> in(std::vector<float>(32, 1.0f)), out(32);
  gpu_launch(unset_kernel, shape(1, 32), in.data(), out.data(), kUnset);
  const float expected = kUnset == Unset::kAtomicSum ? 4.0f : kUnset == Unset::kCounter ? 32.0f : 1.0f;
  return out.holds(std::vector<float>(32, expected));
}

__global__ void accumulate_kernel(const float* x, float* y) { y[threadIdx.x] += x[threadIdx.x]; }

bool unset_device_memory() {
  const DeviceArray<float> in(counting(32)), out(32);
  gpu_launch(accumulate_kernel, shape(1, 32), in.data(), out.data());
  return out.holds(counting(32));
}

__global__ void deep_kernel(float* y, int n) {
  volatile float large[3000];
  for (int i = 0; i < 3000; ++i) large[i] = 1.0f;
  y[threadIdx.x] = large[n];
}

bool many_threads_with_large_frames() {
  const DeviceArray<float> out(1024);
  gpu_launch(deep_kernel, shape(1, 1024), out.data(), 3);
  return out.holds(std::vector<float>(1024, 1.0f));
}

}  // namespace

std::vector<Planted> planted_in_memory() {
  constexpr const char* kAsan = "AddressSanitizer";
  constexpr const char* kNotSet = "uninitialised";
  return {
      {"control: shared arrays", shared_bounds<Bounds::kRight>, kRight, kRight, kRight},
      {"write beyond a shared array", shared_bounds<Bounds::kWriteBeyond>, nullptr, kAsan, "memory"},
      {"read beyond a shared array", shared_bounds<Bounds::kReadBeyond>, nullptr, kAsan, "memory"},
      {"row of a shared array overflows", shared_bounds<Bounds::kRowOverflow>, nullptr, "runtime error", nullptr},
      {"control: carved shared memory", carves<0, 512>, kRight, kRight, kRight},
      {"carved piece overflows", carves<1, 512>, nullptr, kAsan, "memory"},
      {"dynamic shared memory too small", carves<0, 256>, "512 bytes used", "512 bytes used", "512 bytes used"},
      {"carved differently", unequal_carve, "carved differently", "carved differently", "carved differently"},
      {"control: device arrays", global_bounds<Global::kRight>, kRight, kRight, kRight},
      {"read beyond a device array", global_bounds<Global::kRead>, nullptr, kAsan, "outside of device memory"},
      {"write beyond a device array", global_bounds<Global::kWrite>, nullptr, kAsan, "outside of device memory"},
      {"misaligned vector", misaligned_vector, nullptr, "runtime error", nullptr},
      {"host array in a kernel", host_array_in_kernel, nullptr, nullptr, "outside of device memory"},
      {"host reads device memory", host_reads_device_memory, nullptr, kAsan, nullptr},
      {"index overflows", index_overflows, nullptr, "signed integer overflow", nullptr},
      {"atomic sum into unset shared memory", unset<Unset::kAtomicSum>, kWrong, kWrong, kNotSet},
      {"unset shared counter", unset<Unset::kCounter>, kWrong, kWrong, kNotSet},
      {"last shared element unset", unset<Unset::kLastElement>, kWrong, kWrong, kNotSet},
      {"unset value swallowed by fmaxf", unset<Unset::kSwallowed>, nullptr, nullptr, kNotSet},
      {"unset device memory", unset_device_memory, kWrong, kWrong, kNotSet},
      {"control: 1024 threads with large frames", many_threads_with_large_frames, kRight, kRight, kRight},
  };
}
