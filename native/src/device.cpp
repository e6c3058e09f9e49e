// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

namespace coppice {

Device::~Device() = default;

}  // namespace coppice
