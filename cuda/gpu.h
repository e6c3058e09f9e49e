// SPDX-License-Identifier: Apache-2.0
// The only header through which kernels reach CUDA: nvcc's own, or the emulation under g++. Kernels declare shared
// memory by GPU_SHARED or SharedCarve and are started by gpu_launch; neither __shared__ nor <<<>>> stands elsewhere.
#pragma once
#if defined(__CUDACC__)
#include <cuda_runtime.h>

#include <cstdint>
#include <utility>

#define GPU_SHARED(Type, name, extents) __shared__ Type name extents
#define GPU_UNROLL _Pragma("unroll")

__device__ __forceinline__ unsigned char* gpu_dynamic_shared() {
  extern __shared__ __align__(16) unsigned char gpu_dynamic_shared_bytes[];
  return gpu_dynamic_shared_bytes;
}

// The dynamic shared memory of a launch, handed out in pieces; all threads must take the same ones.
class SharedCarve {
 public:
  template <class T>
  __device__ __forceinline__ T* take(size_t count) {
    const size_t begin = (end_ + 15) / 16 * 16;
    end_ = begin + count * sizeof(T);
    return reinterpret_cast<T*>(gpu_dynamic_shared() + begin);
  }

 private:
  size_t end_ = 0;
};

struct LaunchShape {
  dim3 grid, block;
  size_t shared_bytes;
  cudaStream_t stream;
};

template <class... Parameters, class... Arguments>
cudaError_t gpu_launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
  kernel<<<shape.grid, shape.block, shape.shared_bytes, shape.stream>>>(std::forward<Arguments>(arguments)...);
  return cudaGetLastError();
}
#else
#include "emulation/emulation.h"
#define GPU_UNROLL
#endif

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

// 16 bytes from device to shared memory without registers, or zeros where not `valid` (then `from` is not read).
__device__ __forceinline__ void copy_async_16(void* to, const void* from, bool valid) {
#if !defined(__CUDACC__)
  emulation::copy_async(to, from, 16, valid ? 16 : 0);
#elif __CUDA_ARCH__ >= 800
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(address), "l"(from), "r"(valid ? 16 : 0)
               : "memory");
#else
  *static_cast<float4*>(to) = valid ? *static_cast<const float4*>(from) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
#endif
}

__device__ __forceinline__ void copy_commit() {
#if !defined(__CUDACC__)
  emulation::copy_commit();
#elif __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;\n" ::: "memory");
#endif
}

// Waits until at most `kLeft` of the groups that this thread committed are in flight.
template <int kLeft>
__device__ __forceinline__ void copy_wait() {
#if !defined(__CUDACC__)
  emulation::copy_wait(kLeft);
#elif __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;\n" ::"n"(kLeft) : "memory");
#endif
}
