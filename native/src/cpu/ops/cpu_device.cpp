// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"

#include "cpu_isa.hpp"

namespace coppice {
namespace COPPICE_ISA {

CpuDevice::CpuDevice(int32_t threads) : CpuMemory(threads) {}

CpuDevice::~CpuDevice() {
  if (parts_ == nullptr) return;
  for (int32_t i = 0; i < threads_; ++i) delete parts_[i];
  delete[] parts_;
}

CpuDevice& CpuDevice::part(int32_t thread) { return *parts_[thread]; }

void CpuDevice::make_parts(int64_t scratch_bytes) {
  if (parts_ == nullptr) parts_ = new CpuDevice* [threads_] {};
  for (int32_t i = 0; i < threads_; ++i) {
    if (parts_[i] == nullptr) parts_[i] = new CpuDevice(1);
    parts_[i]->scratch(scratch_bytes);
  }
}

Device* new_cpu_device(int32_t threads) { return new CpuDevice(threads); }

}  // namespace COPPICE_ISA
}  // namespace coppice
