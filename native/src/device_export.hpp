// SPDX-License-Identifier: Apache-2.0
// The other end of device_library.cpp, for the library that has the device: fills the table with functions that turn
// exceptions into a status.
#pragma once
#include <cstdio>

#include "device_ops.hpp"

namespace coppice {

template <auto kMember>
struct Exported;
template <class... Arguments, void (Device::*kMember)(Arguments...)>
struct Exported<kMember> {
  static int32_t call(void* device, Arguments... arguments) {
    return guard([&] { (static_cast<Device*>(device)->*kMember)(arguments...); });
  }
};

inline void export_device(std::unique_ptr<Device> device, DeviceTable* table) {
  table->description = device->description();
  table->stream = device->stream();
  table->last_error = cop_last_error;
  table->close = [](void* own) { delete static_cast<Device*>(own); };
  table->alloc = [](void* own, int64_t bytes, void** out) {
    return guard([&] { *out = static_cast<Device*>(own)->alloc(bytes); });
  };
  table->free = [](void* own, void* ptr, int64_t bytes) { static_cast<Device*>(own)->free(ptr, bytes); };
  table->step_use = Exported<&Device::step_use>::call;
#define COP_EXPORT(op) table->op = Exported<&Device::op>::call;
  COP_DEVICE_OPS(COP_EXPORT)
#undef COP_EXPORT
  table->device = device.release();
}

// The body of cop_device_open; `make` returns the device or throws.
template <class Make>
int32_t open_device(int32_t abi_version, int64_t table_bytes, DeviceTable* out, char* message, int64_t message_bytes,
                    Make make) noexcept {
  const int32_t status = guard([&] {
    if (abi_version != COP_ABI_VERSION || table_bytes != sizeof(DeviceTable)) {
      throw Error(COP_UNSUPPORTED, "the device library and libcoppice.so are of different builds");
    }
    export_device(make(), out);
  });
  if (status != COP_OK) std::snprintf(message, static_cast<size_t>(message_bytes), "%s", cop_last_error());
  return status;
}

}  // namespace coppice
