// SPDX-License-Identifier: Apache-2.0
// The part of the CPU device that is the same for every instruction set: memory and scratch.
#pragma once
#include "device.hpp"

namespace coppice {

class CpuMemory : public Device {
 public:
  explicit CpuMemory(int32_t threads);
  ~CpuMemory() override;
  const char* description() const override;
  void* alloc(int64_t bytes) override;
  void free(void* ptr, int64_t bytes) noexcept override;
  void upload(void* dst, const void* src, int64_t bytes) override;
  void download(void* dst, const void* src, int64_t bytes) override;
  void copy(void* dst, const void* src, int64_t bytes) override;
  void fill(float* dst, float value, int64_t count) override;
  void sync() override;
  void symmetric_solve(int32_t n, double* a, double* b, int32_t* definite) override;

 protected:
  // At least `bytes` of 64-byte aligned memory that stays valid until the next call; grows and is kept. Throws
  // std::bad_alloc. Split it over the threads of a parallel region; ask for it outside of the region.
  void* scratch(int64_t bytes);
  const int threads_;

 private:
  void* scratch_ = nullptr;
  int64_t scratch_bytes_ = 0;
};

}  // namespace coppice
