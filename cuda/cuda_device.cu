// SPDX-License-Identifier: Apache-2.0
#include "cuda_device.hpp"

namespace coppice {

CudaDevice::CudaDevice(const std::string& description) : description_(description) {
  COP_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

CudaDevice::~CudaDevice() {
  cudaStreamSynchronize(stream_);
  cudaFree(scratch_);
  free_outgrown();
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
    if (recording_) {
      throw Error(COP_INVALID_ARGUMENT,
                  "an operation needs more scratch memory than any before it, which cannot grow "
                  "while a graph is recorded; do everything once before recording it");
    }
    sync();
    if (scratch_ != nullptr) outgrown_.push_back(scratch_);
    if (live_graphs_ == 0) free_outgrown();
    scratch_ = nullptr;
    scratch_bytes_ = 0;
    COP_CUDA(cudaMalloc(&scratch_, static_cast<size_t>(bytes)));
    scratch_bytes_ = bytes;
  }
  return static_cast<float*>(scratch_);
}

void CudaDevice::step_use(int32_t T, const cop_step* step) {
  step_ = step;
  step_rows_ = T;
}

Rows CudaDevice::rows(int32_t T) const {
  if (step_ == nullptr) return {T};
  if (T != step_rows_) {
    throw Error(COP_INVALID_ARGUMENT, "an operation over " + std::to_string(T) +
                                          " rows while a cop_step is in use for " + std::to_string(step_rows_));
  }
  return {T, &step_->rows};
}

DropoutMask CudaDevice::mask(float p, int64_t seed, int32_t step, int32_t site, int64_t first) const {
  DropoutMask made = dropout_mask(p, seed, step, site, first);
  if (step_ != nullptr) made.step_on_device = &step_->step;
  return made;
}

// Other threads of the process may allocate meanwhile: only what this one does could spoil the recording.
void CudaDevice::graph_begin() {
  COP_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  recording_ = true;
}

void CudaDevice::graph_end(void** out) {
  recording_ = false;
  cudaGraph_t graph = nullptr;
  COP_CUDA(cudaStreamEndCapture(stream_, &graph));
  cudaGraphExec_t executable = nullptr;
  const cudaError_t error = cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  check_cuda(error, "cudaGraphInstantiate", COP_HERE);
  ++live_graphs_;
  *out = executable;
}

void CudaDevice::graph_launch(void* graph) { COP_CUDA(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), stream_)); }

void CudaDevice::graph_free(void* graph) {
  sync();
  COP_CUDA(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)));
  if (--live_graphs_ == 0) free_outgrown();
}

void CudaDevice::free_outgrown() noexcept {
  for (void* memory : outgrown_) cudaFree(memory);
  outgrown_.clear();
}

}  // namespace coppice
