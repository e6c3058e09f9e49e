// SPDX-License-Identifier: Apache-2.0
#include "device_library.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>
#include <string>

#include "blas.hpp"
#include "device_ops.hpp"

namespace coppice {
namespace {

// What may run while a cop_step is in use: operations that take their rows from it, and those that have no rows.
constexpr const char* kOfSteps[] = {"upload",
                                    "download",
                                    "copy",
                                    "fill",
                                    "sync",
                                    "graph_begin",
                                    "graph_end",
                                    "graph_launch",
                                    "graph_free",
                                    "gemm",
                                    "axpy",
                                    "scale",
                                    "convert",
                                    "dropout_forward",
                                    "bias_forward",
                                    "bias_backward",
                                    "bias_relu_forward",
                                    "bias_relu_backward",
                                    "embedding_forward",
                                    "embedding_backward",
                                    "residual_layer_norm_forward",
                                    "residual_layer_norm_backward",
                                    "attention_forward",
                                    "attention_backward",
                                    "sampled_bce_forward",
                                    "adam_step",
                                    "segment_sum"};

bool is_of_steps(const char* op) {
  return std::any_of(std::begin(kOfSteps), std::end(kOfSteps),
                     [=](const char* name) { return !std::strcmp(name, op); });
}

// Passes each operation to the library's table.
class LibraryDevice : public Device {
 public:
  explicit LibraryDevice(const DeviceTable& table) : table_(table) {}
  ~LibraryDevice() override { table_.close(table_.device); }

  const char* description() const override { return table_.description; }
  void* stream() const override { return table_.stream; }
  void* alloc(int64_t bytes) override {
    void* ptr = nullptr;
    check(table_.alloc(table_.device, bytes, &ptr));
    return ptr;
  }
  void free(void* ptr, int64_t bytes) noexcept override { table_.free(table_.device, ptr, bytes); }
  void step_use(int32_t T, const cop_step* step) override {
    check(table_.step_use(table_.device, T, step));
    step_in_use_ = step != nullptr;
  }
  void symmetric_solve(int32_t n, double* a, double* b, int32_t* definite) override {
    blas_symmetric_solve(1, n, a, b, definite);
  }

 protected:
  template <class Entry, class... Arguments>
  void perform(const char* op, Entry entry, const Arguments&... arguments) {
    if (step_in_use_ && !is_of_steps(op)) {
      throw Error(COP_UNSUPPORTED, std::string(op) + " does not take its rows from a cop_step; end cop_step_use first");
    }
    check((table_.*entry)(table_.device, arguments...));
  }

 private:
  void check(int32_t status) const {
    if (status != COP_OK) throw Error(static_cast<cop_status>(status), table_.last_error());
  }

  DeviceTable table_;
  bool step_in_use_ = false;
};

}  // namespace

std::unique_ptr<Device> open_device_library(const char* name, int32_t number) {
  const std::string file = std::string("libcoppice_") + name + ".so";
  // Never closed: the CUDA runtime does not survive that.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const std::string reason = dlerror();
    const bool cuda = std::string(name) == "cuda";
    throw Error(COP_UNSUPPORTED, "this build has no such device (" + reason + ")" +
                                     (cuda ? "; build with nvcc of CUDA 13 and -Dcoppice.cuda=ON" : ""));
  }
  const auto open = reinterpret_cast<CopDeviceOpen>(dlsym(library, "cop_device_open"));
  if (open == nullptr) throw Error(COP_UNSUPPORTED, file + " is not a device library: " + dlerror());
  DeviceTable table;
  char message[512] = "";
  const int32_t status = open(COP_ABI_VERSION, sizeof table, number, &table, message, sizeof message);
  if (status != COP_OK) throw Error(static_cast<cop_status>(status), message);
  return std::make_unique<EveryOp<LibraryDevice>>(table);
}

}  // namespace coppice
