// SPDX-License-Identifier: Apache-2.0
// libcoppice_cuda.so: a GPU, or why there is none.
#include "cuda_device.hpp"
#include "device_export.hpp"

namespace coppice {
namespace {

class GpuDevice final : public CudaDevice {
 public:
  using CudaDevice::CudaDevice;

  void gemm(int32_t, int32_t, int32_t, int32_t, int32_t, float, const float*, const void*, int32_t, float,
            float*) override {
    throw Error(COP_UNSUPPORTED, "the matrix product of a GPU is cuBLAS's: put it on cop_context_stream");
  }
};

std::string version(int cuda) { return std::to_string(cuda / 1000) + "." + std::to_string(cuda % 1000 / 10); }

// Why `error` came of the first call that needs a driver and a GPU, and what to do.
std::string missing(cudaError_t error) {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess) driver = 0;
  if (error == cudaErrorInsufficientDriver && driver == 0) {
    return "no NVIDIA driver is loaded (libcuda.so.1); install one for CUDA " + version(CUDART_VERSION) +
           " or newer, so that nvidia-smi shows the GPU";
  }
  if (error == cudaErrorInsufficientDriver) {
    return "the NVIDIA driver is for CUDA " + version(driver) + "; install one for CUDA " + version(CUDART_VERSION) +
           " or newer";
  }
  if (error == cudaErrorNoDevice || error == cudaSuccess) {
    return "the NVIDIA driver shows no GPU; see nvidia-smi, and whether CUDA_VISIBLE_DEVICES hides it";
  }
  return std::string("the first CUDA call failed: ") + cudaGetErrorString(error);
}

std::unique_ptr<Device> open_cuda_device(int32_t number) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    cudaGetLastError();
    throw Error(COP_UNSUPPORTED, missing(error));
  }
  cudaDeviceProp gpu;
  COP_CUDA(cudaGetDeviceProperties(&gpu, number));
  int driver = 0;
  COP_CUDA(cudaDriverGetVersion(&driver));
  const std::string capability = std::to_string(gpu.major) + "." + std::to_string(gpu.minor);
  if (gpu.major * 10 + gpu.minor < 75) {
    throw Error(COP_UNSUPPORTED,
                std::string(gpu.name) + " has compute capability " + capability + "; the kernels need 7.5 or newer");
  }
  COP_CUDA(cudaSetDevice(number));
  return std::make_unique<GpuDevice>(std::string(gpu.name) + ", compute capability " + capability + ", " +
                                     std::to_string(gpu.totalGlobalMem >> 20) + " MiB, driver for CUDA " +
                                     version(driver));
}

}  // namespace
}  // namespace coppice

extern "C" COP_API int32_t cop_device_open(int32_t abi_version, int64_t table_bytes, int32_t number,
                                           coppice::DeviceTable* out, char* message, int64_t message_bytes) {
  return coppice::open_device(abi_version, table_bytes, out, message, message_bytes,
                              [=] { return coppice::open_cuda_device(number); });
}
