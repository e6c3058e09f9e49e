// SPDX-License-Identifier: Apache-2.0
// Devices from libraries that are opened when they are asked for: libcoppice_cuda.so, libcoppice_emulated.so.
#pragma once
#include <memory>

#include "device.hpp"

namespace coppice {

// `name` is "cuda" or "emulated". The library is looked for where the dynamic loader looks, last beside libcoppice.so.
// Throws Error(COP_UNSUPPORTED) with the reason when it is not there or finds no device.
std::unique_ptr<Device> open_device_library(const char* name, int32_t number);

}  // namespace coppice
