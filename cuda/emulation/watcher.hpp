// SPDX-License-Identifier: Apache-2.0
// Who is told of memory and of accesses by the runtime: the race build, when it is linked in.
#pragma once
#include <cstddef>
#include <cstdint>

namespace emulation {

enum class Access { kRead, kWrite, kAtomic };

class Watcher {
 public:
  virtual void memory_begins(const void* address, size_t bytes, bool written) = 0;
  virtual void memory_ends(const void* address) = 0;
  virtual void host_writes(const void* address, size_t bytes) = 0;
  virtual void launch_begins() = 0;
  virtual void accesses(const void* address, size_t bytes, Access access, const void* from) = 0;
  virtual void copy_begins(const void* to, size_t bytes, const void* from) = 0;
  virtual void copy_ends(const void* to, size_t bytes, const void* from) = 0;
  virtual void fence() = 0;

 protected:
  ~Watcher() = default;
};

// Null when nobody watches.
Watcher*& watcher();

// The running thread as the watcher sees it.
struct View {
  unsigned thread;
  uint64_t block;
  uint32_t barriers;       // passed by the block
  uint32_t warp_barriers;  // passed by the warp
};
// False outside of kernels.
bool running(View* view);
// True in kernels while the runtime itself works.
bool inside_runtime();
bool on_own_stack(const void* address);

}  // namespace emulation
