// SPDX-License-Identifier: Apache-2.0
// Collectives and barriers that not all threads reach.
#include "planted.hpp"

namespace {

enum class Diverges {
  kHalfWarpShuffles,
  kExitedLanes,
  kTwoBranches,
  kSourceOutsideMask,
  kBarrierInBranch,
  kExitBeforeBarrier,
  kTwoBarriers,
  kMaskWithoutCaller,
  kHalves,
  kHalfThenAll,
  kVotes
};

__global__ void diverge_kernel(const float* x, float* y, Diverges how) {
  GPU_SHARED(float, values, [64]);
  const int t = static_cast<int>(threadIdx.x), lane = t % 32;
  float v = x[t];
  values[t] = v;
  if (how == Diverges::kHalfWarpShuffles && lane < 16) v += __shfl_down_sync(kAllLanes, v, 8);
  if (how == Diverges::kExitedLanes) {
    if (t >= 40) return;
    v += __shfl_xor_sync(kAllLanes, v, 16);
  }
  if (how == Diverges::kTwoBranches) {
    if (lane < 16) {
      v += __shfl_xor_sync(kAllLanes, v, 1);
    } else {
      v -= __shfl_xor_sync(kAllLanes, v, 1);
    }
  }
  if (how == Diverges::kSourceOutsideMask && lane < 16) v += __shfl_down_sync(0xffffu, v, 8);
  if (how == Diverges::kBarrierInBranch && t < 32) __syncthreads();
  if (how == Diverges::kExitBeforeBarrier) {
    if (t >= 48) return;
    __syncthreads();
  }
  if (how == Diverges::kTwoBarriers) {
    if (t < 32) {
      __syncthreads();
    } else {
      __syncthreads();
    }
  }
  if (how == Diverges::kMaskWithoutCaller && lane == 3) __syncwarp(0xff0u);
  if (how == Diverges::kHalves) v = __shfl_xor_sync(lane < 16 ? 0xffffu : 0xffff0000u, v, 1);
  if (how == Diverges::kHalfThenAll) {
    if (lane >= 16) v = __shfl_xor_sync(0xffff0000u, v, 1);
    v = __shfl_xor_sync(kAllLanes, v, 1);
  }
  if (how == Diverges::kVotes) {
    const int odd = __syncthreads_count(t % 2), any = __syncthreads_or(t == 63), all = __syncthreads_and(t < 63);
    const unsigned low = __ballot_sync(kAllLanes, lane < 4);
    const int highest = __reduce_max_sync(kAllLanes, lane), total = __reduce_add_sync(kAllLanes, lane);
    v = static_cast<float>(odd + 100 * any + 1000 * all) + static_cast<float>(low) +
        static_cast<float>(highest + total);
  }
  y[t] = v;
}

template <Diverges kHow>
bool diverges() {
  const std::vector<float> x = counting(64);
  const DeviceArray<float> in(x), out(64);
  gpu_launch(diverge_kernel, shape(1, 64), in.data(), out.data(), kHow);
  std::vector<float> expected(64);
  for (size_t t = 0; t < 64; ++t) {
    expected[t] = kHow == Diverges::kVotes ? 32 + 100 + 15 + 31 + 496 : kHow == Diverges::kHalves ? x[t ^ 1] : x[t];
    if (kHow == Diverges::kHalfThenAll && t % 32 < 16) expected[t] = x[t ^ 1];
  }
  return out.holds(expected);
}

__global__ void shuffle_widths_kernel(float* y) {
  const int t = static_cast<int>(threadIdx.x);
  const float v = static_cast<float>(t);
  y[t] = __shfl_sync(kAllLanes, v, 1, 8) + 100.0f * __shfl_up_sync(kAllLanes, v, 2, 16) +
         10000.0f * __shfl_down_sync(kAllLanes, v, 3, 8);
}

bool shuffle_widths() {
  const DeviceArray<float> out(32);
  gpu_launch(shuffle_widths_kernel, shape(1, 32), out.data());
  std::vector<float> expected;
  for (int t = 0; t < 32; ++t) {
    const int index = t / 8 * 8 + 1, up = t % 16 < 2 ? t : t - 2, down = t % 8 + 3 >= 8 ? t : t + 3;
    expected.push_back(static_cast<float>(index + 100 * up + 10000 * down));
  }
  return out.holds(expected);
}

}  // namespace

std::vector<Planted> planted_in_collectives() {
  // Every build reports these in the same words.
  const auto all = [](const char* name, bool (*run)(), const char* expected) {
    return Planted{name, run, expected, expected, expected};
  };
  return {
      all("half of a warp shuffles", diverges<Diverges::kHalfWarpShuffles>, "exits while __shfl_down_sync"),
      all("shuffle with lanes that have exited", diverges<Diverges::kExitedLanes>, "exit"),
      all("shuffles of two branches", diverges<Diverges::kTwoBranches>, "deadlock"),
      all("shuffle from outside of the mask", diverges<Diverges::kSourceOutsideMask>, "not in the mask"),
      all("barrier in a branch", diverges<Diverges::kBarrierInBranch>, "at the barrier"),
      all("exit before a barrier", diverges<Diverges::kExitBeforeBarrier>, "exit"),
      all("two barriers", diverges<Diverges::kTwoBarriers>, "divergent barrier"),
      all("mask without the caller", diverges<Diverges::kMaskWithoutCaller>, "does not name the calling lane"),
      all("control: halves of a warp", diverges<Diverges::kHalves>, kRight),
      all("control: half, then all", diverges<Diverges::kHalfThenAll>, kRight),
      all("control: votes", diverges<Diverges::kVotes>, kRight),
      all("control: widths of shuffles", shuffle_widths, kRight),
  };
}
