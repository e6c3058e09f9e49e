// SPDX-License-Identifier: Apache-2.0
// The functions that g++ calls in code compiled with -fsanitize=thread, without libtsan: each access of a kernel goes
// to the shadow. Host code of the same files, and the runtime, are not looked at.
#include <cstdint>

#include "shadow.hpp"

namespace {

emulation::Shadow* shadow() {
  static emulation::Shadow* only = new emulation::Shadow;
  return only;
}

[[maybe_unused]] const bool watching = [] {
  emulation::watcher() = shadow();
  return true;
}();

void note(const void* address, size_t bytes, emulation::Access access, const void* from) {
  if (!emulation::inside_runtime()) emulation::watcher()->accesses(address, bytes, access, from);
}

}  // namespace

#define CALLER __builtin_return_address(0)
#define HOOKS(bytes)                                                                                 \
  void __tsan_read##bytes(void* p) { note(p, bytes, emulation::Access::kRead, CALLER); }             \
  void __tsan_write##bytes(void* p) { note(p, bytes, emulation::Access::kWrite, CALLER); }           \
  void __tsan_unaligned_read##bytes(void* p) { note(p, bytes, emulation::Access::kRead, CALLER); }   \
  void __tsan_unaligned_write##bytes(void* p) { note(p, bytes, emulation::Access::kWrite, CALLER); } \
  void __tsan_volatile_read##bytes(void* p) { note(p, bytes, emulation::Access::kRead, CALLER); }    \
  void __tsan_volatile_write##bytes(void* p) { note(p, bytes, emulation::Access::kWrite, CALLER); }
// Reference counts and guards of host code in the same files.
#define ATOMICS(bits, Type)                                                                                     \
  Type __tsan_atomic##bits##_load(const volatile Type* p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); } \
  void __tsan_atomic##bits##_store(volatile Type* p, Type v, int) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); } \
  Type __tsan_atomic##bits##_exchange(volatile Type* p, Type v, int) {                                          \
    return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                                                         \
  }                                                                                                             \
  Type __tsan_atomic##bits##_fetch_add(volatile Type* p, Type v, int) {                                         \
    return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                                                          \
  }                                                                                                             \
  Type __tsan_atomic##bits##_fetch_sub(volatile Type* p, Type v, int) {                                         \
    return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST);                                                          \
  }                                                                                                             \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile Type* p, Type* expected, Type v, int, int) {       \
    return __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);              \
  }

extern "C" {
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
ATOMICS(8, uint8_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)
void __tsan_read_range(void* p, size_t bytes) { note(p, bytes, emulation::Access::kRead, CALLER); }
void __tsan_write_range(void* p, size_t bytes) { note(p, bytes, emulation::Access::kWrite, CALLER); }
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}
}
