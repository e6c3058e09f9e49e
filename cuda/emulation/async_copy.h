// SPDX-License-Identifier: Apache-2.0
// Asynchronous copies from device to shared memory. A copy lands somewhere between its issue and the wait for it, by
// the schedule: late shows a missing wait, early a buffer that is still being read.
#pragma once
#include <cstddef>

namespace emulation {

void copy_async(void* to, const void* from, size_t bytes, size_t from_bytes);
void copy_commit();
void copy_wait(int groups_left);

}  // namespace emulation
