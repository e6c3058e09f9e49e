// SPDX-License-Identifier: Apache-2.0
#include "blas.hpp"

#include <cblas.h>

#include <cstring>
#include <memory>

#include "error.hpp"

// LAPACK of the same library, by its Fortran names: column-major, every argument by address.
extern "C" {
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dpotrs_(const char* uplo, const int* n, const int* nrhs, const double* a, const int* lda, double* b,
             const int* ldb, int* info);
void dsysv_(const char* uplo, const int* n, const int* nrhs, double* a, const int* lda, int* pivots, double* b,
            const int* ldb, double* work, const int* work_size, int* info);
}

namespace coppice {

void blas_single_thread() { openblas_set_num_threads(1); }

const char* blas_config() { return openblas_get_config(); }

void blas_symmetric_solve(int32_t threads, int32_t n, double* a, double* b, int32_t* definite) {
  *definite = 1;
  if (n == 0) return;  // LAPACK prints a complaint about a leading dimension of 0
  // The row-major lower triangle is the column-major upper one.
  const char upper = 'U';
  const int one = 1;
  int info = 0;
  const auto restore = [](void*) { openblas_set_num_threads(1); };
  const std::unique_ptr<void, decltype(restore)> single_again(a, restore);
  openblas_set_num_threads(threads);

  const size_t elements = static_cast<size_t>(n) * static_cast<size_t>(n);
  std::unique_ptr<double[]> copy(new double[elements]);  // dpotrf overwrites a before it finds it indefinite
  std::memcpy(copy.get(), a, elements * sizeof(double));
  dpotrf_(&upper, &n, copy.get(), &n, &info);
  if (info == 0) {
    dpotrs_(&upper, &n, &one, copy.get(), &n, b, &n, &info);
    return;
  }
  copy.reset();
  std::unique_ptr<int[]> pivots(new int[static_cast<size_t>(n)]);
  double best = 0.0;
  int query = -1;
  dsysv_(&upper, &n, &one, a, &n, pivots.get(), b, &n, &best, &query, &info);
  const int size = static_cast<int>(best);
  std::unique_ptr<double[]> work(new double[static_cast<size_t>(size)]);
  dsysv_(&upper, &n, &one, a, &n, pivots.get(), b, &n, work.get(), &size, &info);
  if (info != 0) throw Error(COP_INVALID_ARGUMENT, "the matrix is singular");
  *definite = 0;
}

}  // namespace coppice
