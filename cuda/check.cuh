// SPDX-License-Identifier: Apache-2.0
// CUDA's results as exceptions.
#pragma once
#include <string>

#include "error.hpp"
#include "gpu.h"

namespace coppice {

inline void check_cuda(cudaError_t error, const char* call, const char* place) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // so that a failure which leaves the device usable is not reported again by a later call
  const bool ours = error == cudaErrorInvalidConfiguration || error == cudaErrorStreamCaptureUnsupported ||
                    error == cudaErrorStreamCaptureInvalidated;
  const cop_status status = error == cudaErrorMemoryAllocation ? COP_OUT_OF_MEMORY
                            : ours                             ? COP_INTERNAL
                                                               : COP_DEVICE_FAILURE;
  throw Error(status, std::string(call) + ": " + cudaGetErrorString(error) + place);
}

}  // namespace coppice

// Calls CUDA, or launches a kernel, and throws coppice::Error when that fails.
#define COP_CUDA(call) ::coppice::check_cuda((call), #call, COP_HERE)
#define COP_LAUNCH(kernel, ...) ::coppice::check_cuda(gpu_launch(kernel, __VA_ARGS__), #kernel, COP_HERE)
