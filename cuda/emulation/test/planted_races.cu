// SPDX-License-Identifier: Apache-2.0
// Threads, and blocks, that write what others use. A thread is never interrupted here between two waits, so that only
// the race build sees the first of them.
#include "planted.hpp"

namespace {

enum class Race { kAtomic, kPlainSum, kLastWriter, kFlag };

__global__ void race_kernel(const float* x, float* y, Race race) {
  GPU_SHARED(float, values, [2]);
  const int t = static_cast<int>(threadIdx.x);
  if (t < 2) values[t] = 0.0f;
  __syncthreads();
  if (race == Race::kAtomic) atomicAdd(&values[0], x[t]);
  if (race == Race::kPlainSum) values[0] += x[t];
  if (race == Race::kLastWriter) values[0] = x[t];
  if (race == Race::kFlag) {
    if (x[t] > 60.0f) values[1] = 1.0f;
    if (values[1] > 0.0f) values[0] = 2080.0f;
  }
  __syncthreads();
  y[t] = values[0];
}

template <Race kRace>
bool races() {
  const DeviceArray<float> in(counting(64)), out(64);
  gpu_launch(race_kernel, shape(1, 64), in.data(), out.data(), kRace);
  return out.holds(std::vector<float>(64, kRace == Race::kLastWriter ? 64.0f : 2080.0f));
}

__global__ void block_race_kernel(const float* x, float* y, Race race) {
  if (threadIdx.x != 0) return;
  if (race == Race::kAtomic) atomicAdd(y, x[blockIdx.x]);
  if (race == Race::kPlainSum) y[0] += x[blockIdx.x];
  if (race == Race::kLastWriter) y[0] = x[blockIdx.x];
}

template <Race kRace>
bool blocks_race() {
  const DeviceArray<float> in(counting(16)), out(std::vector<float>(1, 0.0f));
  gpu_launch(block_race_kernel, shape(16, 32), in.data(), out.data(), kRace);
  return out.holds({kRace == Race::kLastWriter ? 16.0f : 136.0f});
}

// The last block to arrive sums what all have written.
template <bool kFence>
__global__ void last_block_kernel(const float* x, float* parts, int* arrived, float* y) {
  GPU_SHARED(int, last, [1]);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = x[blockIdx.x];
    if (kFence) __threadfence();
    last[0] = atomicAdd(arrived, 1) == static_cast<int>(gridDim.x) - 1;
  }
  __syncthreads();
  if (last[0] != 0 && threadIdx.x == 0) {
    float sum = 0.0f;
    for (unsigned i = 0; i < gridDim.x; ++i) sum += parts[i];
    y[0] = sum;
  }
}

template <bool kFence>
bool last_block() {
  const DeviceArray<float> in(counting(16)), parts(16), out(1);
  const DeviceArray<int> arrived(std::vector<int>(1, 0));
  gpu_launch(last_block_kernel<kFence>, shape(16, 32), in.data(), parts.data(), arrived.data(), out.data());
  return out.holds({136.0f});
}

__global__ void halves_kernel(uint16_t* y) { y[threadIdx.x] = static_cast<uint16_t>(threadIdx.x); }

bool neighbouring_halves() {
  const DeviceArray<uint16_t> out(64);
  gpu_launch(halves_kernel, shape(1, 64), out.data());
  return out.values()[63] == 63;
}

__global__ void spin_kernel(int* lock, float* y) {
  if (threadIdx.x % 32 == 0) {
    while (atomicCAS(lock, 0, 1) != 0) __nanosleep(10);
    atomicAdd(y, 1.0f);
    atomicExch(lock, 0);
  }
}

bool spin_lock() {
  const DeviceArray<int> lock(std::vector<int>(1, 0));
  const DeviceArray<float> out(std::vector<float>(1, 0.0f));
  gpu_launch(spin_kernel, shape(4, 128), lock.data(), out.data());
  return out.holds({16.0f});
}

}  // namespace

std::vector<Planted> planted_in_races() {
  return {
      {"control: atomic sum", races<Race::kAtomic>, kRight, kRight, kRight},
      {"sum without an atomic", races<Race::kPlainSum>, nullptr, nullptr, "race"},
      {"last writer wins", races<Race::kLastWriter>, kWrong, kWrong, "race: write, then write"},
      {"flag read beside its write", races<Race::kFlag>, nullptr, nullptr, "race"},
      {"control: atomic sum of blocks", blocks_race<Race::kAtomic>, kRight, kRight, kRight},
      {"sum of blocks without an atomic", blocks_race<Race::kPlainSum>, nullptr, nullptr, "race"},
      {"last block wins", blocks_race<Race::kLastWriter>, kWrong, kWrong, "race: write, then write"},
      {"control: last block sums", last_block<true>, kRight, kRight, kRight},
      {"last block sums without a fence", last_block<false>, nullptr, nullptr, "race: write, then read"},
      {"control: neighbouring halves of a word", neighbouring_halves, kRight, kRight, kRight},
      {"control: spin lock", spin_lock, kRight, kRight, kRight},
  };
}
