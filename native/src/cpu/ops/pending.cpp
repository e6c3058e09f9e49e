// SPDX-License-Identifier: Apache-2.0
// Operations that are still to be written for the CPU device.
#include "cpu_device.hpp"

namespace coppice {
void not_written();
namespace COPPICE_ISA {

void CpuDevice::attention_forward(int32_t, int32_t, int32_t, int32_t, const int32_t*, const float*, const float*,
                                  const float*, float, float, int64_t, int32_t, int32_t, const int32_t*, float*,
                                  float*) {
  not_written();
}
void CpuDevice::attention_backward(int32_t, int32_t, int32_t, int32_t, const int32_t*, const float*, const float*,
                                   const float*, const float*, const float*, const float*, float, float, int64_t,
                                   int32_t, int32_t, const int32_t*, float*, float*, float*) {
  not_written();
}
void CpuDevice::attention_forward_jvp(int32_t, int32_t, int32_t, int32_t, const int32_t*, const float*, const float*,
                                      const float*, const float*, const float*, const float*, const float*,
                                      const float*, float, float*, float*) {
  not_written();
}
void CpuDevice::attention_backward_jvp(int32_t, int32_t, int32_t, int32_t, const int32_t*, const float*, const float*,
                                       const float*, const float*, const float*, const float*, const float*,
                                       const float*, const float*, const float*, const float*, const float*, float,
                                       float*, float*, float*) {
  not_written();
}
void CpuDevice::rms_norm_forward(int32_t, int32_t, const float*, const float*, float, float*, float*) { not_written(); }
void CpuDevice::rms_norm_backward(int32_t, int32_t, const float*, const float*, const float*, const float*, int32_t,
                                  float*) {
  not_written();
}
void CpuDevice::rope_forward(int32_t, int32_t, int32_t, int32_t, const int32_t*, const float*, const float*, int32_t,
                             float*) {
  not_written();
}
void CpuDevice::swiglu_forward(int64_t, const float*, const float*, float*) { not_written(); }
void CpuDevice::swiglu_backward(int64_t, const float*, const float*, const float*, float*, float*) { not_written(); }
void CpuDevice::cross_entropy(int32_t, int32_t, const int32_t*, const float*, float*, float*) { not_written(); }

}  // namespace COPPICE_ISA
}  // namespace coppice
