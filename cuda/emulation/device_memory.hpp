// SPDX-License-Identifier: Apache-2.0
// Memory of the emulated device: heap blocks of the exact size, filled with NaN, and closed to the host (to an address
// sanitizer) while no kernel or copy runs.
#pragma once
#include <cstddef>

namespace emulation {

bool is_device_memory(const void* address, size_t bytes);
void free_device_memory();
// The message of a kernel that failed; empty: none has.
void set_fault(const char* message);
bool has_faulted();

class OpenDeviceMemory {
 public:
  OpenDeviceMemory();
  ~OpenDeviceMemory();
};

}  // namespace emulation
