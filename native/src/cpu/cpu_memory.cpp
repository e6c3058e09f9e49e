// SPDX-License-Identifier: Apache-2.0
#include "cpu_memory.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#include "blas.hpp"

namespace coppice {
namespace {

constexpr int64_t kAlignment = 64;

void* aligned(int64_t bytes) {
  if (bytes > INT64_MAX - kAlignment) throw std::bad_alloc();
  const int64_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* ptr = std::aligned_alloc(kAlignment, static_cast<size_t>(rounded));
  if (ptr == nullptr) throw std::bad_alloc();
  return ptr;
}

}  // namespace

CpuMemory::CpuMemory(int32_t threads) : threads_(threads) { blas_single_thread(); }
CpuMemory::~CpuMemory() { std::free(scratch_); }
const char* CpuMemory::description() const { return cpu_build_info(); }
void* CpuMemory::alloc(int64_t bytes) { return aligned(bytes); }
void CpuMemory::free(void* ptr, int64_t) noexcept { std::free(ptr); }

void CpuMemory::upload(void* dst, const void* src, int64_t bytes) { copy(dst, src, bytes); }
void CpuMemory::download(void* dst, const void* src, int64_t bytes) { copy(dst, src, bytes); }

void CpuMemory::copy(void* dst, const void* src, int64_t bytes) {
  if (bytes > 0) std::memcpy(dst, src, static_cast<size_t>(bytes));
}

void CpuMemory::fill(float* dst, float value, int64_t count) {
  const bool parallel = count > (1 << 16);
#pragma omp parallel for num_threads(threads_) schedule(static) if (parallel)
  for (int64_t i = 0; i < count; ++i) dst[i] = value;
}

void CpuMemory::sync() {}

void CpuMemory::symmetric_solve(int32_t n, double* a, double* b, int32_t* definite) {
  blas_symmetric_solve(threads_, n, a, b, definite);
}

void* CpuMemory::scratch(int64_t bytes) {
  if (bytes > scratch_bytes_) {
    std::free(scratch_);
    scratch_ = nullptr;
    scratch_bytes_ = 0;
    scratch_ = aligned(bytes);
    scratch_bytes_ = bytes;
  }
  return scratch_;
}

}  // namespace coppice
