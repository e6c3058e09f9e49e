// SPDX-License-Identifier: Apache-2.0
// libcoppice_emulated.so: the CUDA device on the emulation, with a plain loop for the matrix product, which is not a
// kernel of ours on a GPU either.
#include <memory>
#include <vector>

#include "../cuda_device.hpp"
#include "../half.cuh"
#include "device_export.hpp"
#include "device_memory.hpp"
#include "host_work.h"
#include "schedule.h"
#include "stream.hpp"
#include "watcher.hpp"

namespace coppice {
namespace {

// Each element of c is one chain in the order of p.
template <class Source>
void multiply(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha, const float* a, Source b,
              float beta, float* c) {
  const emulation::OpenDeviceMemory open;
  std::vector<float> sum(static_cast<size_t>(n));
  for (int64_t i = 0; i < m; ++i) {
    sum.assign(sum.size(), 0.0f);
    for (int64_t p = 0; p < k; ++p) {
      const float factor = trans_a ? a[p * m + i] : a[i * k + p];
      for (int64_t j = 0; j < n; ++j) {
        sum[static_cast<size_t>(j)] += factor * b.at(trans_b ? j * k + p : p * n + j);
      }
    }
    for (int64_t j = 0; j < n; ++j) {
      const float product = alpha * sum[static_cast<size_t>(j)];
      c[i * n + j] = beta == 0.0f ? product : product + beta * c[i * n + j];
    }
  }
  if (emulation::watcher() != nullptr) {
    emulation::watcher()->host_writes(c, static_cast<size_t>(m * n) * sizeof(float));
  }
}

class EmulatedDevice final : public CudaDevice {
 public:
  explicit EmulatedDevice(int32_t schedule)
      : CudaDevice("CUDA kernels under g++ " __VERSION__ ", schedule " + std::to_string(schedule)) {
    emulation::set_schedule(emulation::schedule_of(schedule));
  }

  void gemm(int32_t trans_a, int32_t trans_b, int32_t m, int32_t n, int32_t k, float alpha, const float* a,
            const void* b, int32_t b_dtype, float beta, float* c) override {
    if (m == 0 || n == 0) return;
    for_dtype(b, b_dtype, [&](auto source) {
      COP_CUDA(emulation::submit(stream_,
                                 [=] { multiply(trans_a != 0, trans_b != 0, m, n, k, alpha, a, source, beta, c); }));
    });
  }
};

}  // namespace
}  // namespace coppice

extern "C" COP_API int32_t cop_emulated_submit(void* stream, void (*work)(void*, EmulatedWrote), void (*release)(void*),
                                               void* argument) {
  const emulation::DeviceLock lock;
  const std::shared_ptr<void> owned(argument, release);
  return emulation::submit(static_cast<cudaStream_t>(stream), [=] {
    const emulation::OpenDeviceMemory open;
    work(owned.get(), [](void* address, int64_t bytes) {
      if (emulation::watcher() != nullptr) emulation::watcher()->host_writes(address, static_cast<size_t>(bytes));
    });
  });
}

extern "C" COP_API int32_t cop_device_open(int32_t abi_version, int64_t table_bytes, int32_t number,
                                           coppice::DeviceTable* out, char* message, int64_t message_bytes) {
  return coppice::open_device(abi_version, table_bytes, out, message, message_bytes,
                              [=] { return std::make_unique<coppice::EmulatedDevice>(number); });
}
