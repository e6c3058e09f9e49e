// SPDX-License-Identifier: Apache-2.0
// The CPU device once for each instruction set; the caller owns the result.
#pragma once
#include <cstdint>

#include "device.hpp"

namespace coppice {
namespace base {
Device* new_cpu_device(int32_t threads);
}
namespace avx2 {
Device* new_cpu_device(int32_t threads);
}
namespace avx512 {
Device* new_cpu_device(int32_t threads);
}
}  // namespace coppice
