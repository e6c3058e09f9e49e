// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

namespace coppice {

Device::~Device() = default;
// Here, like the destructor: a copy in an object of one instruction set would be called on all machines.
void* Device::stream() const { return nullptr; }

}  // namespace coppice
