// SPDX-License-Identifier: Apache-2.0
// Atomic operations on device memory: a plain read and write, since one thread runs at a time, after the checks that a
// device would answer with a fault.
#pragma once
#include <cstddef>

namespace emulation {

// Checks an atomic access of the running thread, reports it to the watcher, and now and then lets others run.
void before_atomic(void* address, size_t bytes);

template <class T>
struct AsIs {
  using type = T;
};

// Not an access of its own to the race build: before_atomic has reported it.
template <class T, class F>
__attribute__((no_sanitize("thread"))) T read_modify_write(T* address, F change) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "atomics are on 4 or 8 bytes");
  before_atomic(address, sizeof(T));
  const T old = *address;
  *address = change(old);
  return old;
}

}  // namespace emulation

template <class T>
T atomicAdd(T* address, typename emulation::AsIs<T>::type value) {
  return emulation::read_modify_write(address, [=](T old) { return static_cast<T>(old + value); });
}
template <class T>
T atomicMax(T* address, typename emulation::AsIs<T>::type value) {
  return emulation::read_modify_write(address, [=](T old) { return old < value ? value : old; });
}
template <class T>
T atomicMin(T* address, typename emulation::AsIs<T>::type value) {
  return emulation::read_modify_write(address, [=](T old) { return value < old ? value : old; });
}
template <class T>
T atomicExch(T* address, typename emulation::AsIs<T>::type value) {
  return emulation::read_modify_write(address, [=](T) { return value; });
}
template <class T>
T atomicCAS(T* address, typename emulation::AsIs<T>::type expected, typename emulation::AsIs<T>::type value) {
  return emulation::read_modify_write(address, [=](T old) { return old == expected ? value : old; });
}
