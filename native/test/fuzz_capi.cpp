// SPDX-License-Identifier: Apache-2.0
// The C boundary under random and hostile arguments: what it promises to refuse is refused and changes nothing, all
// else succeeds and fills its outputs. Meant for a build with sanitizers: buffers are of the exact size.
//
//   fuzz_capi [trials of each operation [first seed]]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "trial.hpp"

namespace {

int failures = 0;

void fail(const char* name, uint64_t seed, const std::string& what) {
  std::printf("%s, seed %llu: %s\n", name, static_cast<unsigned long long>(seed), what.c_str());
  ++failures;
}

void require(bool condition, const char* what) {
  if (!condition) fail("boundary", 0, what);
}

cop_context* context(int32_t threads) {
  cop_context* made = nullptr;
  if (cop_context_create(COP_CPU, threads, &made) != COP_OK) {
    std::printf("no context: %s\n", cop_last_error());
    std::exit(1);
  }
  return made;
}

void fuzz_operations(int trials, uint64_t first) {
  cop_context* one = context(1);
  cop_context* three = context(3);
  for (const Call& call : all_calls()) {
    for (int i = 0; i < trials; ++i) {
      const uint64_t seed = first + static_cast<uint64_t>(i);
      const Mode mode = i % 3 == 0 ? Mode::kPlain : i % 3 == 1 ? Mode::kSpecial : Mode::kHostile;
      Trial trial(i % 2 == 0 ? one : three, seed, mode);
      call.run(trial);
      if (!trial.failure().empty()) fail(call.name, seed, trial.failure());
    }
  }
  require(cop_context_destroy(one) == COP_OK, "destroy");
  require(cop_context_destroy(three) == COP_OK, "destroy");
}

void contexts() {
  cop_context* made = nullptr;
  require(cop_context_create(COP_CPU, 1, nullptr) == COP_INVALID_ARGUMENT, "create: null result");
  for (int32_t threads : {-1, 0, 1025, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()}) {
    require(cop_context_create(COP_CPU, threads, &made) == COP_INVALID_ARGUMENT, "create: bad number of threads");
  }
  for (int32_t device : {-1, 3, std::numeric_limits<int32_t>::max()}) {
    require(cop_context_create(device, 1, &made) == COP_INVALID_ARGUMENT, "create: no such device");
  }
  require(made == nullptr, "create wrote a result although it failed");
  require(cop_context_destroy(nullptr) == COP_OK, "destroy: null is allowed");
  require(cop_sync(nullptr) == COP_INVALID_ARGUMENT, "sync: null context");
  void* stream = nullptr;
  require(cop_context_stream(nullptr, &stream) == COP_INVALID_ARGUMENT, "stream: null context");
  int64_t bytes = 0;
  require(cop_context_live_bytes(nullptr, &bytes) == COP_INVALID_ARGUMENT, "live bytes: null context");
  require(cop_last_error()[0] != '\0', "a failure leaves a message");
  require(cop_build_info()[0] != '\0', "build info");
}

void memory() {
  cop_context* ctx = context(1);
  void* ptr = nullptr;
  for (int64_t bytes : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    require(cop_alloc(ctx, bytes, &ptr) == COP_INVALID_ARGUMENT, "alloc: no bytes");
  }
  for (int64_t bytes : {int64_t{1} << 60, std::numeric_limits<int64_t>::max()}) {
    require(cop_alloc(ctx, bytes, &ptr) == COP_OUT_OF_MEMORY, "alloc: more than there is");
  }
  require(cop_alloc(ctx, 8, nullptr) == COP_INVALID_ARGUMENT, "alloc: null result");
  require(cop_alloc(nullptr, 8, &ptr) == COP_INVALID_ARGUMENT, "alloc: null context");
  require(ptr == nullptr, "alloc wrote a result although it failed");
  require(cop_alloc(ctx, 100, &ptr) == COP_OK && reinterpret_cast<uintptr_t>(ptr) % 64 == 0, "alloc: 64-byte aligned");
  int64_t live = 0;
  require(cop_context_live_bytes(ctx, &live) == COP_OK && live == 100, "live bytes");
  void* stream = nullptr;
  require(cop_context_stream(ctx, nullptr) == COP_INVALID_ARGUMENT, "stream: null result");
  require(cop_context_stream(ctx, &stream) == COP_UNSUPPORTED, "stream: the CPU has none");
  require(cop_context_destroy(ctx) == COP_INVALID_ARGUMENT, "destroy: memory is still in use");
  require(cop_free(ctx, nullptr, 100) == COP_INVALID_ARGUMENT, "free: null");
  for (int64_t bytes : {int64_t{0}, int64_t{-1}, int64_t{101}}) {
    require(cop_free(ctx, ptr, bytes) == COP_INVALID_ARGUMENT, "free: wrong size");
  }
  char host[100] = "text";
  require(cop_upload(ctx, ptr, host, 100) == COP_OK, "upload");
  char back[100] = "";
  require(cop_download(ctx, back, ptr, 100) == COP_OK && std::memcmp(host, back, 100) == 0, "download");
  using Transfer = int32_t (*)(cop_context*, void*, const void*, int64_t);
  for (const Transfer transfer : {Transfer{cop_upload}, Transfer{cop_download}, Transfer{cop_copy}}) {
    require(transfer(ctx, nullptr, nullptr, 0) == COP_OK, "transfer: nothing");
    require(transfer(ctx, ptr, nullptr, 1) == COP_INVALID_ARGUMENT, "transfer: null source");
    require(transfer(ctx, nullptr, ptr, 1) == COP_INVALID_ARGUMENT, "transfer: null target");
    require(transfer(ctx, ptr, host, -1) == COP_INVALID_ARGUMENT, "transfer: negative size");
    require(transfer(nullptr, ptr, host, 1) == COP_INVALID_ARGUMENT, "transfer: null context");
  }
  float* floats = static_cast<float*>(ptr);
  require(cop_fill(ctx, floats, 2.0f, 25) == COP_OK && floats[24] == 2.0f, "fill");
  require(cop_fill(ctx, floats, 2.0f, -1) == COP_INVALID_ARGUMENT, "fill: negative count");
  require(cop_fill(ctx, nullptr, 2.0f, 1) == COP_INVALID_ARGUMENT, "fill: null");
  require(cop_free(ctx, ptr, 100) == COP_OK, "free");
  require(cop_context_destroy(ctx) == COP_OK, "destroy");
}

void graphs() {
  cop_context* ctx = context(2);
  cop_graph* graph = nullptr;
  cop_step step{};
  require(cop_graph_begin(nullptr) == COP_INVALID_ARGUMENT, "graph: null context");
  require(cop_graph_end(nullptr, &graph) == COP_INVALID_ARGUMENT, "graph: null context at the end");
  require(cop_graph_free(nullptr, nullptr) == COP_INVALID_ARGUMENT, "graph: null context to free in");
  require(cop_step_use(nullptr, 1, &step) == COP_INVALID_ARGUMENT, "step: null context");
  require(cop_step_use(ctx, -1, &step) == COP_INVALID_ARGUMENT, "step: negative rows");
  require(cop_step_use(ctx, 1, &step) == COP_UNSUPPORTED, "step: not on the CPU");
  require(cop_step_write(ctx, nullptr, 1, 1, 1e-3f, 0.9f, 0.999f) == COP_INVALID_ARGUMENT, "step: null");
  require(cop_step_write(ctx, &step, 7, 1, 1e-3f, 0.9f, 0.5f) == COP_OK && step.begin == 0 && step.rows == 7 &&
              step.step == 1 && step.adam_root == std::sqrt(2.0f),
          "step: content");
  require(cop_graph_begin(ctx) == COP_UNSUPPORTED, "graph: not on the CPU");
  require(cop_graph_end(ctx, &graph) == COP_INVALID_ARGUMENT && graph == nullptr, "graph: end without begin");
  require(cop_graph_launch(ctx, nullptr) == COP_INVALID_ARGUMENT, "graph: launch of nothing");
  require(cop_graph_free(ctx, nullptr) == COP_OK, "graph: null may be freed");
  require(cop_context_destroy(ctx) == COP_OK, "graph: nothing is left");
}

void files(const char* program) {
  void* address = nullptr;
  int64_t bytes = 0;
  require(cop_map_file(nullptr, &address, &bytes) == COP_INVALID_ARGUMENT, "map: null path");
  require(cop_map_file(program, nullptr, &bytes) == COP_INVALID_ARGUMENT, "map: null result");
  require(cop_map_file(program, &address, nullptr) == COP_INVALID_ARGUMENT, "map: null size");
  for (const char* path : {"", "/no/such/file", "/", "/dev/null"}) {
    require(cop_map_file(path, &address, &bytes) == COP_INVALID_ARGUMENT, "map: not a file with content");
  }
  require(cop_map_file(program, &address, &bytes) == COP_OK, "map");
  require(bytes > 4 && std::memcmp(address, "\177ELF", 4) == 0, "map: content");
  for (const int32_t advice : {COP_ADVICE_SOON, COP_ADVICE_LATER}) {
    require(cop_advise_file(nullptr, bytes, advice) == COP_INVALID_ARGUMENT, "advise: null");
    require(cop_advise_file(address, 0, advice) == COP_INVALID_ARGUMENT, "advise: no bytes");
    require(cop_advise_file(static_cast<char*>(address) + 1, 2, advice) == COP_OK, "advise: part of a page");
    require(cop_advise_file(address, bytes, advice) == COP_OK, "advise");
    require(std::memcmp(address, "\177ELF", 4) == 0, "advise: content stays");
  }
  require(cop_advise_file(address, bytes, 2) == COP_INVALID_ARGUMENT, "advise: unknown");
  require(cop_unmap_file(nullptr, bytes) == COP_INVALID_ARGUMENT, "unmap: null");
  require(cop_unmap_file(address, 0) == COP_INVALID_ARGUMENT, "unmap: no bytes");
  require(cop_unmap_file(address, bytes) == COP_OK, "unmap");
}

void faults() {
  require(cop_fault_arm("alloc", -1, COP_INTERNAL) != COP_OK, "fault: negative count");
  require(cop_fault_arm(nullptr, 1, COP_INTERNAL) != COP_OK, "fault: null point");
  require(cop_fault_arm("alloc", 1, COP_OK) != COP_OK, "fault: not a failure");
  const int32_t armed = cop_fault_arm("alloc", 2, COP_OUT_OF_MEMORY);
  if (armed == COP_UNSUPPORTED) return;  // built without fault points
  cop_context* ctx = context(1);
  void* first = nullptr;
  void* second = nullptr;
  require(cop_alloc(ctx, 8, &first) == COP_OK, "fault: the first pass succeeds");
  require(cop_alloc(ctx, 8, &second) == COP_OUT_OF_MEMORY && second == nullptr, "fault: the second pass fails");
  require(cop_alloc(ctx, 8, &second) == COP_OK, "fault: the third pass succeeds");
  require(cop_free(ctx, first, 8) == COP_OK && cop_free(ctx, second, 8) == COP_OK, "fault: free");
  require(cop_context_destroy(ctx) == COP_OK, "fault: nothing leaked");
}

}  // namespace

int main(int count, char** arguments) {
  const int trials = count > 1 ? std::atoi(arguments[1]) : 300;
  const uint64_t first = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 0;
  contexts();
  memory();
  graphs();
  files(arguments[0]);
  faults();
  fuzz_operations(trials, first);
  std::printf("%zu operations, %d trials each: %d failures\n", all_calls().size(), trials, failures);
  return failures == 0 ? 0 : 1;
}
