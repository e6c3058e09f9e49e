// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "coppice/coppice.h"
#include "device.hpp"

struct cop_context {
  std::unique_ptr<coppice::Device> device;
  int64_t live_bytes = 0;
};
