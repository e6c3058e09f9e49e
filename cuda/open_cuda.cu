// SPDX-License-Identifier: Apache-2.0
// libcoppice_cuda.so: whether there is a device.
#include "cuda_device.hpp"
#include "device_export.hpp"

namespace coppice {
namespace {

std::unique_ptr<Device> open_cuda_device(int32_t number) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    cudaGetLastError();
    throw Error(COP_UNSUPPORTED, std::string("no CUDA device: ") + cudaGetErrorString(error));
  }
  cudaDeviceProp properties;
  COP_CUDA(cudaGetDeviceProperties(&properties, number));
  throw Error(COP_UNSUPPORTED, std::string("found ") + properties.name +
                                   ", but this build has no matrix product for CUDA yet; use --backend cpu");
}

}  // namespace
}  // namespace coppice

extern "C" COP_API int32_t cop_device_open(int32_t abi_version, int64_t table_bytes, int32_t number,
                                           coppice::DeviceTable* out, char* message, int64_t message_bytes) {
  return coppice::open_device(abi_version, table_bytes, out, message, message_bytes,
                              [=] { return coppice::open_cuda_device(number); });
}
