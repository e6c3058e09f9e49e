// SPDX-License-Identifier: Apache-2.0
// The OpenBLAS calls of the CPU device; nothing else includes its headers.
#pragma once
#include <cstdint>

namespace coppice {

// BLAS calls inside our parallel regions run on the calling thread.
void blas_single_thread();

const char* blas_config();

// As cop_symmetric_solve.
void blas_symmetric_solve(int32_t threads, int32_t n, double* a, double* b, int32_t* definite);

}  // namespace coppice
