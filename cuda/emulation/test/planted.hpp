// SPDX-License-Identifier: Apache-2.0
// A kernel with one planted bug, or a correct control, and what each build of the emulation must say of it.
#pragma once
#include <vector>

#include "gpu.h"

struct Planted {
  const char* name;
  // True when the result is right.
  bool (*run)();
  // Text that must show in one of the schedules: of a report, or "wrong" for a result. Null: nothing is promised.
  // kRight: a control, right in every schedule and reported in none.
  const char* plain;
  const char* sanitized;
  const char* race;
};
constexpr const char* kRight = "right";
constexpr const char* kWrong = "wrong";

std::vector<Planted> planted_in_barriers();
std::vector<Planted> planted_in_memory();
std::vector<Planted> planted_in_collectives();
std::vector<Planted> planted_in_races();
std::vector<Planted> planted_in_tensor_cores();
std::vector<Planted> planted_in_host_code();
std::vector<Planted> planted_in_graphs();

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t count) : count_(count) {
    void* memory = nullptr;
    cudaMalloc(&memory, count * sizeof(T));
    data_ = static_cast<T*>(memory);
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    cudaMemcpyAsync(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice, nullptr);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  T* data() const { return data_; }
  std::vector<T> values() const {
    std::vector<T> host(count_);
    cudaMemcpyAsync(host.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost, nullptr);
    return host;
  }
  // In the form that NaN fails.
  bool holds(const std::vector<T>& expected) const {
    const std::vector<T> actual = values();
    for (size_t i = 0; i < expected.size(); ++i) {
      if (!(actual[i] == expected[i])) return false;
    }
    return true;
  }

 private:
  T* data_;
  size_t count_;
};

// 1, 2, 3, ...
inline std::vector<float> counting(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i + 1);
  return values;
}

inline LaunchShape shape(unsigned blocks, unsigned threads, size_t shared_bytes = 0, cudaStream_t stream = nullptr) {
  return {dim3(blocks), dim3(threads), shared_bytes, stream};
}
