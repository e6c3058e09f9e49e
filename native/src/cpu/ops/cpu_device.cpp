// SPDX-License-Identifier: Apache-2.0
#include "cpu_device.hpp"

#include "cpu_isa.hpp"

namespace coppice {
namespace COPPICE_ISA {

CpuDevice::CpuDevice(int32_t threads) : CpuMemory(threads) {}
CpuDevice::~CpuDevice() = default;

Device* new_cpu_device(int32_t threads) { return new CpuDevice(threads); }

}  // namespace COPPICE_ISA
}  // namespace coppice
