// SPDX-License-Identifier: Apache-2.0
// Shared memory: each array is a heap block of its own and of the exact size, new for each thread block and filled with
// NaN, so that sanitizers see accesses beyond it and results show what was read before it was written.
#pragma once
#include <cstddef>

namespace emulation {

void* shared_array(const void* key, size_t bytes, size_t alignment);
void* shared_piece(unsigned index, size_t bytes, size_t alignment, size_t end);

}  // namespace emulation

// GPU_SHARED(float, tile, [32][33]); the key is unique for each instance of a template.
#define GPU_SHARED(Type, name, extents) \
  using name##_array = Type extents;    \
  static const char name##_key = 0;     \
  name##_array& name =                  \
      *static_cast<name##_array*>(::emulation::shared_array(&name##_key, sizeof(name##_array), alignof(name##_array)))

// The dynamic shared memory of a launch, handed out in pieces; all threads must take the same ones.
class SharedCarve {
 public:
  template <class T>
  T* take(size_t count) {
    end_ = (end_ + 15) / 16 * 16 + count * sizeof(T);
    return static_cast<T*>(::emulation::shared_piece(index_++, count * sizeof(T), alignof(T), end_));
  }

 private:
  unsigned index_ = 0;
  size_t end_ = 0;
};
