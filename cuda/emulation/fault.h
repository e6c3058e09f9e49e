// SPDX-License-Identifier: Apache-2.0
// Places in kernel code, and how a fault in a kernel ends it.
#pragma once

namespace emulation {

// Where a call stands in its source: the default argument takes the caller's place.
struct Place {
  const char* file;
  int line;
  static constexpr Place here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};

// Ends the running kernel: its launch fails with this message, and so does every later call of the device. Outside of a
// kernel: the process.
[[noreturn]] void fault(const char* format, ...) __attribute__((format(printf, 1, 2)));

// The message of the last kernel that failed.
const char* last_fault();

}  // namespace emulation
