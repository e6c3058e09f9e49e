// SPDX-License-Identifier: Apache-2.0
// The OpenBLAS calls of the CPU device; nothing else includes its headers.
#pragma once
#include <cstdint>

namespace coppice {

// BLAS calls inside our parallel regions run on the calling thread.
void blas_single_thread();

const char* blas_config();

// c (m,n; row stride ldc) = alpha op(a) op(b) + beta c on the calling thread; row-major with row strides.
void blas_sgemm(bool trans_a, bool trans_b, int32_t m, int32_t n, int32_t k, float alpha, const float* a, int32_t lda,
                const float* b, int32_t ldb, float beta, float* c, int32_t ldc);

// As cop_symmetric_solve.
void blas_symmetric_solve(int32_t threads, int32_t n, double* a, double* b, int32_t* definite);

}  // namespace coppice
