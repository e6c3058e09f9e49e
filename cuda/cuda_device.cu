// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"

namespace coppice {

CudaDevice::CudaDevice(const std::string& description) : description_(description) {
  COP_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

CudaDevice::~CudaDevice() {
  cudaStreamSynchronize(stream_);
  cudaFree(scratch_);
  cudaStreamDestroy(stream_);
}

void* CudaDevice::alloc(int64_t bytes) {
  void* ptr = nullptr;
  COP_CUDA(cudaMalloc(&ptr, static_cast<size_t>(bytes)));
  return ptr;
}

void CudaDevice::free(void* ptr, int64_t) noexcept {
  cudaStreamSynchronize(stream_);
  cudaFree(ptr);
}

// Waits, because the caller may change its memory afterwards.
void CudaDevice::upload(void* dst, const void* src, int64_t bytes) {
  if (bytes == 0) return;
  COP_CUDA(cudaMemcpyAsync(dst, src, static_cast<size_t>(bytes), cudaMemcpyHostToDevice, stream_));
  sync();
}

void CudaDevice::download(void* dst, const void* src, int64_t bytes) {
  if (bytes > 0) COP_CUDA(cudaMemcpyAsync(dst, src, static_cast<size_t>(bytes), cudaMemcpyDeviceToHost, stream_));
  sync();
}

void CudaDevice::copy(void* dst, const void* src, int64_t bytes) {
  if (bytes > 0) COP_CUDA(cudaMemcpyAsync(dst, src, static_cast<size_t>(bytes), cudaMemcpyDeviceToDevice, stream_));
}

void CudaDevice::sync() { COP_CUDA(cudaStreamSynchronize(stream_)); }

void CudaDevice::symmetric_solve(int32_t, double*, double*, int32_t*) {
  throw Error(COP_INTERNAL, "symmetric_solve does not go to a device library");
}

float* CudaDevice::scratch(int64_t floats) {
  const int64_t bytes = floats * int64_t{sizeof(float)};
  if (bytes > scratch_bytes_) {
    sync();
    cudaFree(scratch_);
    scratch_ = nullptr;
    scratch_bytes_ = 0;
    COP_CUDA(cudaMalloc(&scratch_, static_cast<size_t>(bytes)));
    scratch_bytes_ = bytes;
  }
  return static_cast<float*>(scratch_);
}

}  // namespace coppice
