// SPDX-License-Identifier: Apache-2.0
// Missing and misplaced barriers, and copies that are not waited for.
#include "planted.hpp"

namespace {

enum class Reads { kHigher, kLower, kNeighbour };

// y[t] = x of another thread
template <Reads kReads, bool kBarrier>
__global__ void exchange_kernel(const float* x, float* y) {
  GPU_SHARED(float, values, [128]);
  const int t = static_cast<int>(threadIdx.x);
  values[t] = x[t];
  if (kBarrier) __syncthreads();
  y[t] = values[kReads == Reads::kHigher ? (t + 1) % 128 : kReads == Reads::kLower ? (t + 127) % 128 : t ^ 1];
}

template <Reads kReads, bool kBarrier>
bool exchanges() {
  const std::vector<float> x = counting(128);
  const DeviceArray<float> in(x), out(128);
  gpu_launch(exchange_kernel<kReads, kBarrier>, shape(1, 128), in.data(), out.data());
  std::vector<float> expected(128);
  for (size_t t = 0; t < 128; ++t) {
    expected[t] = x[kReads == Reads::kHigher ? (t + 1) % 128 : kReads == Reads::kLower ? (t + 127) % 128 : t ^ 1];
  }
  return out.holds(expected);
}

// A tile that is overwritten while others may still read it.
template <bool kBarrier>
__global__ void reuse_kernel(const float* x, float* y) {
  GPU_SHARED(float, tile, [64]);
  const int t = static_cast<int>(threadIdx.x);
  float sum = 0.0f;
  for (int i = 0; i < 4; ++i) {
    tile[t] = x[i * 64 + t];
    __syncthreads();
    sum += tile[63 - t];
    if (kBarrier) __syncthreads();
  }
  y[t] = sum;
}

template <bool kBarrier>
bool reuses_tile() {
  const std::vector<float> x = counting(256);
  const DeviceArray<float> in(x), out(64);
  gpu_launch(reuse_kernel<kBarrier>, shape(1, 64), in.data(), out.data());
  std::vector<float> expected(64);
  for (size_t t = 0; t < 64; ++t) expected[t] = x[63 - t] + x[127 - t] + x[191 - t] + x[255 - t];
  return out.holds(expected);
}

// As exchange_kernel on memory that holds a value already.
template <bool kBarrier>
__global__ void refresh_kernel(const float* x, float* y) {
  GPU_SHARED(float, values, [64]);
  const int t = static_cast<int>(threadIdx.x);
  values[t] = 0.0f;
  __syncthreads();
  values[t] = x[t];
  if (kBarrier) __syncthreads();
  y[t] = values[63 - t];
}

template <bool kBarrier>
bool refreshes() {
  const std::vector<float> x = counting(64);
  const DeviceArray<float> in(x), out(64);
  gpu_launch(refresh_kernel<kBarrier>, shape(1, 64), in.data(), out.data());
  return out.holds(std::vector<float>(x.rbegin(), x.rend()));
}

template <bool kBarrier>
__device__ float block_total(float value) {
  GPU_SHARED(float, parts, [2]);
  for (int lanes = 16; lanes > 0; lanes /= 2) value += __shfl_xor_sync(kAllLanes, value, lanes);
  if (kBarrier) __syncthreads();  // the parts of the call before may still be read
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
  __syncthreads();
  return parts[0] + parts[1];
}

template <bool kBarrier>
__global__ void two_totals_kernel(const float* x, float* y) {
  const float value = x[threadIdx.x];
  const float first = block_total<kBarrier>(value), second = block_total<kBarrier>(2.0f * value);
  y[threadIdx.x] = first - second;
}

template <bool kBarrier>
bool two_totals() {
  const DeviceArray<float> in(counting(64)), out(64);
  gpu_launch(two_totals_kernel<kBarrier>, shape(1, 64), in.data(), out.data());
  return out.holds(std::vector<float>(64, -2080.0f));
}

enum class Copy { kRight, kNoWait, kNoBarrierAfterWait, kNoBarrierBeforeReuse };

// Two stages of asynchronous copies.
template <Copy kCopy>
__global__ void stages_kernel(const float* x, float* y) {
  GPU_SHARED(float, stage, [2][256]);
  const int t = static_cast<int>(threadIdx.x);
  float sum = 0.0f;
  copy_async_16(&stage[0][4 * t], x + 4 * t, true);
  copy_commit();
  for (int i = 0; i < 4; ++i) {
    if (i < 3) {
      copy_async_16(&stage[(i + 1) % 2][4 * t], x + (i + 1) * 256 + 4 * t, true);
      copy_commit();
      if (kCopy != Copy::kNoWait) copy_wait<1>();
    } else {
      copy_wait<0>();
    }
    if (kCopy != Copy::kNoBarrierAfterWait) __syncthreads();
    sum += stage[i % 2][255 - 4 * t];
    if (kCopy != Copy::kNoBarrierBeforeReuse) __syncthreads();
  }
  y[t] = sum;
}

template <Copy kCopy>
bool stages() {
  const std::vector<float> x = counting(1024);
  const DeviceArray<float> in(x), out(64);
  gpu_launch(stages_kernel<kCopy>, shape(1, 64), in.data(), out.data());
  std::vector<float> expected(64);
  for (size_t t = 0; t < 64; ++t) {
    for (size_t i = 0; i < 4; ++i) expected[t] += x[i * 256 + 255 - 4 * t];
  }
  return out.holds(expected);
}

__global__ void forgotten_copy_kernel(const float* x, float* y) {
  GPU_SHARED(float, stage, [128]);
  copy_async_16(&stage[4 * threadIdx.x], x + 4 * threadIdx.x, true);
  y[threadIdx.x] = 1.0f;
}

bool forgotten_copy() {
  const DeviceArray<float> in(counting(128)), out(32);
  gpu_launch(forgotten_copy_kernel, shape(1, 32), in.data(), out.data());
  return out.holds(std::vector<float>(32, 1.0f));
}

}  // namespace

std::vector<Planted> planted_in_barriers() {
  constexpr const char* kUnset = "uninitialised";
  return {
      {"control: barrier between threads", exchanges<Reads::kHigher, true>, kRight, kRight, kRight},
      {"no barrier, higher thread read", exchanges<Reads::kHigher, false>, kWrong, kWrong, kUnset},
      {"no barrier, lower thread read", exchanges<Reads::kLower, false>, kWrong, kWrong, kUnset},
      {"no __syncwarp, neighbour read", exchanges<Reads::kNeighbour, false>, kWrong, kWrong, kUnset},
      {"control: values refreshed", refreshes<true>, kRight, kRight, kRight},
      {"no barrier after values are refreshed", refreshes<false>, kWrong, kWrong, "race"},
      {"control: tile reused", reuses_tile<true>, kRight, kRight, kRight},
      {"no barrier, tile reused", reuses_tile<false>, kWrong, kWrong, "race"},
      {"control: two block totals", two_totals<true>, kRight, kRight, kRight},
      {"no barrier between two block totals", two_totals<false>, nullptr, nullptr, "race: read, then write"},
      {"control: stages of copies", stages<Copy::kRight>, kRight, kRight, kRight},
      {"copy not waited for", stages<Copy::kNoWait>, kWrong, kWrong, "asynchronous copy"},
      {"no barrier after the wait for a copy", stages<Copy::kNoBarrierAfterWait>, kWrong, kWrong, kUnset},
      {"no barrier before a copy's target is reused", stages<Copy::kNoBarrierBeforeReuse>, kWrong, kWrong,
       "asynchronous copy"},
      {"thread exits with a copy in flight", forgotten_copy, "nobody waited", "nobody waited", "nobody waited"},
  };
}
