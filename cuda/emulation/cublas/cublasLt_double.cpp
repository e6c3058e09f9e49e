// SPDX-License-Identifier: Apache-2.0
// libcublasLt.so.13 of the test double: the functions of cuBLAS that we call, over memory and streams of the emulated
// device, written from NVIDIA's documentation. It does what a GPU cannot be asked for in a test: it refuses whatever
// the documentation does not promise (extents that do not fit, leading dimensions that are too small, pointers less
// aligned than was said, an algorithm used for another kind of product than it was chosen for).
//
// Planted for tests of errors: a product of inner extent 9001 fails for want of memory, of 9002 while running; with
// CUBLAS_DOUBLE_CREATE=N in the environment, cublasLtCreate returns N.
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "host_work.h"

namespace {

enum Status {
  kSuccess = 0,
  kNotInitialized = 1,
  kAllocFailed = 3,
  kInvalidValue = 7,
  kExecutionFailed = 13,
  kNotSupported = 15
};
enum { kFloat32 = 0, kBfloat16 = 14 };
enum Compute { kCompute32 = 68, kFast16bf = 75, kFastTf32 = 77 };

struct Handle {
  uint64_t magic;
};
constexpr uint64_t kAlive = 0x61746c7563626c61;

struct Layout {
  int32_t type;
  uint64_t rows, cols;
  int64_t ld;
  int32_t batch = 1;
  int64_t stride = 0;
};
struct Desc {
  int32_t compute, scale_type;
  int32_t trans_a = 0, trans_b = 0;
};
struct Preference {
  uint64_t workspace = 0;
  uint32_t reductions = 7;
  uint32_t aligned[4] = {256, 256, 256, 256};  // of A, B, C, D
};
// What an algorithm is good for.
struct Algo {
  uint32_t magic;
  int32_t compute, trans_a, trans_b, split_k, least_cols;
  uint32_t aligned[4];
  int64_t unused[3];
};
static_assert(sizeof(Algo) == 64, "the size of cublasLtMatmulAlgo_t");
constexpr uint32_t kAlgo = 0xa160;
struct Heuristic {
  Algo algo;
  size_t workspace;
  int32_t state;
  float waves;
  int32_t reserved[4];
};
static_assert(sizeof(Heuristic) == 96, "the size of cublasLtMatmulHeuristicResult_t");

template <class T>
int assign(T* to, const void* from, size_t bytes) {
  if (from == nullptr || bytes != sizeof(T)) return kInvalidValue;
  std::memcpy(to, from, bytes);
  return kSuccess;
}

bool fits(const Layout* l) {
  return l->rows > 0 && l->cols > 0 && l->ld >= static_cast<int64_t>(l->rows) && l->batch >= 1;
}

int problem(const Desc* desc, const Layout* a, const Layout* b, const Layout* c, const Layout* d) {
  if (desc == nullptr || a == nullptr || b == nullptr || c == nullptr || d == nullptr) return kInvalidValue;
  if (!fits(a) || !fits(b) || !fits(c) || !fits(d)) return kInvalidValue;
  const uint64_t inner = desc->trans_a ? a->rows : a->cols;
  if ((desc->trans_a ? a->cols : a->rows) != d->rows || (desc->trans_b ? b->rows : b->cols) != d->cols ||
      (desc->trans_b ? b->cols : b->rows) != inner || c->rows != d->rows || c->cols != d->cols) {
    return kInvalidValue;
  }
  if (a->batch != d->batch || b->batch != d->batch || c->batch != d->batch) return kInvalidValue;
  if (a->type != b->type || c->type != kFloat32 || d->type != kFloat32) return kNotSupported;
  const bool rounds = desc->compute == kFast16bf || desc->compute == kFastTf32;
  const bool computes = desc->compute == kCompute32 || (rounds && a->type == kFloat32);
  const bool known = a->type == kFloat32 || a->type == kBfloat16;
  return known && computes && desc->scale_type == kFloat32 ? kSuccess : kNotSupported;
}

float rounded(float x, int32_t compute) {
  const int dropped = compute == kFast16bf ? 16 : compute == kFastTf32 ? 13 : 0;
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (dropped == 0 || (bits & 0x7f800000u) == 0x7f800000u) return x;
  bits += (1u << (dropped - 1)) - 1 + ((bits >> dropped) & 1);  // to nearest, ties to even
  bits &= ~((1u << dropped) - 1);
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

float element(const void* data, int64_t at, const Layout& layout, int32_t compute) {
  if (layout.type == kFloat32) return rounded(static_cast<const float*>(data)[at], compute);
  const uint32_t bits = uint32_t{static_cast<const uint16_t*>(data)[at]} << 16;
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// A product with everything that the caller may change after the call.
struct Work {
  Desc desc;
  Layout la, lb, lc, ld;
  float alpha, beta;
  const void *a, *b;
  const float* c;
  float* d;
};

void multiply(const Work& w, int64_t batch, EmulatedWrote wrote) {
  const int64_t first_a = batch * w.la.stride, first_b = batch * w.lb.stride;
  const float* c = w.c + batch * w.lc.stride;
  float* d = w.d + batch * w.ld.stride;
  const int64_t inner = static_cast<int64_t>(w.desc.trans_a ? w.la.rows : w.la.cols);
  for (int64_t j = 0; j < static_cast<int64_t>(w.ld.cols); ++j) {
    for (int64_t i = 0; i < static_cast<int64_t>(w.ld.rows); ++i) {
      float sum = 0.0f;
      for (int64_t p = 0; p < inner; ++p) {
        const int64_t x = first_a + (w.desc.trans_a ? p + i * w.la.ld : i + p * w.la.ld);
        const int64_t y = first_b + (w.desc.trans_b ? j + p * w.lb.ld : p + j * w.lb.ld);
        sum += element(w.a, x, w.la, w.desc.compute) * element(w.b, y, w.lb, w.desc.compute);
      }
      const float product = w.alpha * sum;
      d[i + j * w.ld.ld] = w.beta == 0.0f ? product : product + w.beta * c[i + j * w.lc.ld];
    }
    wrote(d + j * w.ld.ld, static_cast<int64_t>(w.ld.rows * sizeof(float)));
  }
}

void run(void* argument, EmulatedWrote wrote) {
  const Work* work = static_cast<Work*>(argument);
  for (int64_t batch = 0; batch < work->ld.batch; ++batch) multiply(*work, batch, wrote);
}

void release(void* argument) { delete static_cast<Work*>(argument); }

EmulatedSubmit emulated_device() {
  void* library = dlopen("libcoppice_emulated.so", RTLD_LAZY | RTLD_NOLOAD);
  return library == nullptr ? nullptr : reinterpret_cast<EmulatedSubmit>(dlsym(library, "cop_emulated_submit"));
}

bool is_aligned(const void* pointer, uint32_t bytes) { return reinterpret_cast<uintptr_t>(pointer) % bytes == 0; }

}  // namespace

extern "C" {

size_t cublasLtGetVersion() { return 139900; }

const char* cublasLtGetStatusName(int status) {
  switch (status) {
    case kSuccess:
      return "CUBLAS_STATUS_SUCCESS";
    case kNotInitialized:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case kAllocFailed:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case kInvalidValue:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case kExecutionFailed:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    default:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
}

int cublasLtCreate(Handle** out) {
  const char* planted = std::getenv("CUBLAS_DOUBLE_CREATE");
  if (planted != nullptr) return std::atoi(planted);
  *out = new Handle{kAlive};
  return kSuccess;
}

int cublasLtDestroy(Handle* handle) {
  if (handle == nullptr || handle->magic != kAlive) return kNotInitialized;
  handle->magic = 0;
  delete handle;
  return kSuccess;
}

int cublasLtMatmulDescCreate(Desc** out, int compute, int scale_type) {
  *out = new Desc{compute, scale_type};
  return kSuccess;
}

int cublasLtMatmulDescDestroy(Desc* desc) {
  delete desc;
  return kSuccess;
}

int cublasLtMatmulDescSetAttribute(Desc* desc, int attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case 3:
      return assign(&desc->trans_a, value, bytes);
    case 4:
      return assign(&desc->trans_b, value, bytes);
    default:
      return kInvalidValue;
  }
}

int cublasLtMatrixLayoutCreate(Layout** out, int type, uint64_t rows, uint64_t cols, int64_t ld) {
  *out = new Layout{type, rows, cols, ld};
  return kSuccess;
}

int cublasLtMatrixLayoutDestroy(Layout* layout) {
  delete layout;
  return kSuccess;
}

int cublasLtMatrixLayoutSetAttribute(Layout* layout, int attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case 2:
      return assign(&layout->rows, value, bytes);
    case 3:
      return assign(&layout->cols, value, bytes);
    case 4:
      return assign(&layout->ld, value, bytes);
    case 5:
      return assign(&layout->batch, value, bytes);
    case 6:
      return assign(&layout->stride, value, bytes);
    default:
      return kInvalidValue;
  }
}

int cublasLtMatmulPreferenceCreate(Preference** out) {
  *out = new Preference;
  return kSuccess;
}

int cublasLtMatmulPreferenceDestroy(Preference* preference) {
  delete preference;
  return kSuccess;
}

int cublasLtMatmulPreferenceSetAttribute(Preference* preference, int attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case 1:
      return assign(&preference->workspace, value, bytes);
    case 3:
      return assign(&preference->reductions, value, bytes);
    case 5:
    case 6:
    case 7:
    case 8:
      return assign(&preference->aligned[attribute - 5], value, bytes);
    default:
      return kInvalidValue;
  }
}

// What must not be taken comes first, and fills the list where the preference allows it: algorithms that split the
// inner extent or need a workspace. Then one that splits all the same; one that takes many columns only; one for
// everything.
int cublasLtMatmulAlgoGetHeuristic(Handle* handle, const Desc* desc, const Layout* a, const Layout* b, const Layout* c,
                                   const Layout* d, const Preference* preference, int wanted, Heuristic* out,
                                   int* found) {
  *found = 0;
  if (handle == nullptr || handle->magic != kAlive) return kNotInitialized;
  const int status = problem(desc, a, b, c, d);
  if (status != kSuccess) return status;
  const bool loose = preference->reductions != 0 || preference->workspace > 0;
  for (int i = 0; i < wanted && (loose || i < 3); ++i) {
    Heuristic& made = out[(*found)++];
    made = {};
    const bool splits = loose || i == 0;
    made.algo = {kAlgo, desc->compute, desc->trans_a, desc->trans_b, splits ? 4 : 1, i == 1 ? 64 : 1, {}, {}};
    std::memcpy(made.algo.aligned, preference->aligned, sizeof made.algo.aligned);
    made.workspace = preference->workspace;
    made.state = kSuccess;
  }
  return kSuccess;
}

int cublasLtMatmulAlgoConfigGetAttribute(const Algo* algo, int attribute, void* value, size_t bytes, size_t* written) {
  if (algo->magic != kAlgo || attribute != 2 || bytes != sizeof(int32_t)) return kInvalidValue;
  std::memcpy(value, &algo->split_k, sizeof(int32_t));
  if (written != nullptr) *written = sizeof(int32_t);
  return kSuccess;
}

int cublasLtMatmulAlgoCheck(Handle* handle, const Desc* desc, const Layout* a, const Layout* b, const Layout* c,
                            const Layout* d, const Algo* algo, Heuristic* result) {
  if (handle == nullptr || handle->magic != kAlive) return kNotInitialized;
  const int status = problem(desc, a, b, c, d);
  if (status != kSuccess) return status;
  if (algo->magic != kAlgo || algo->compute != desc->compute || algo->trans_a != desc->trans_a ||
      algo->trans_b != desc->trans_b || static_cast<int64_t>(d->cols) < algo->least_cols) {
    return kNotSupported;
  }
  *result = {};
  result->algo = *algo;
  return kSuccess;
}

int cublasLtMatmul(Handle* handle, const Desc* desc, const void* alpha, const void* a, const Layout* la, const void* b,
                   const Layout* lb, const void* beta, const void* c, const Layout* lc, void* d, const Layout* ld,
                   const Algo* algo, void*, size_t, void* stream) {
  Heuristic checked;
  if (algo == nullptr || alpha == nullptr || beta == nullptr) return kInvalidValue;
  if (stream == nullptr) return kInvalidValue;  // a GPU would take it, and not wait for the context's stream
  const int status = cublasLtMatmulAlgoCheck(handle, desc, la, lb, lc, ld, algo, &checked);
  if (status != kSuccess) return status;
  if (algo->split_k != 1) return kNotSupported;
  const void* pointers[4] = {a, b, c, d};
  for (int i = 0; i < 4; ++i) {
    if (pointers[i] == nullptr) return kInvalidValue;
    if (!is_aligned(pointers[i], algo->aligned[i])) return kExecutionFailed;
  }
  const uint64_t inner = desc->trans_a ? la->rows : la->cols;
  if (inner == 9001) return kAllocFailed;
  if (inner == 9002) return kExecutionFailed;
  const EmulatedSubmit submit = emulated_device();
  if (submit == nullptr) return kNotInitialized;
  Work* work = new Work{*desc,
                        *la,
                        *lb,
                        *lc,
                        *ld,
                        *static_cast<const float*>(alpha),
                        *static_cast<const float*>(beta),
                        a,
                        b,
                        static_cast<const float*>(c),
                        static_cast<float*>(d)};
  return submit(stream, run, release, work) == 0 ? kSuccess : kExecutionFailed;
}

}  // extern "C"
