// SPDX-License-Identifier: Apache-2.0
// Chooses the CPU device for the widest instruction set of this machine.
#include <string>

#include "blas.hpp"
#include "cpu_isa.hpp"

namespace coppice {
namespace {

enum class Isa { kBase, kAvx2, kAvx512 };

Isa widest() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return Isa::kAvx512;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Isa::kAvx2 : Isa::kBase;
}

}  // namespace

std::unique_ptr<Device> make_cpu_device(int32_t threads) {
  switch (widest()) {
    case Isa::kAvx512:
      return std::unique_ptr<Device>(avx512::new_cpu_device(threads));
    case Isa::kAvx2:
      return std::unique_ptr<Device>(avx2::new_cpu_device(threads));
    default:
      return std::unique_ptr<Device>(base::new_cpu_device(threads));
  }
}

const char* cpu_build_info() {
  static const std::string text = [] {
    const char* isa = widest() == Isa::kAvx512 ? "avx512" : widest() == Isa::kAvx2 ? "avx2" : "baseline";
    return std::string("g++ ") + __VERSION__ + ", instruction set " + isa + ", " + blas_config();
  }();
  return text.c_str();
}

}  // namespace coppice
