// SPDX-License-Identifier: Apache-2.0
// The C boundary: contexts and memory. Checks arguments, calls the device, translates exceptions.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "context.hpp"
#include "device_library.hpp"
#include "error.hpp"

using coppice::Error;
using coppice::guard;
using coppice::require_no_recording;

const char* cop_build_info(void) { return coppice::cpu_build_info(); }

int32_t cop_context_create(int32_t device, int32_t threads, cop_context** out) {
  return guard([&] {
    COP_REQUIRE(out != nullptr);
    COP_REQUIRE(threads >= 1 && threads <= 1024);
    COP_REQUIRE(device == COP_CPU || device == COP_CUDA || device == COP_EMULATED);
    auto ctx = std::make_unique<cop_context>();
    if (device == COP_CPU) {
      ctx->device = coppice::make_cpu_device(threads);
    } else {
      // A CUDA context is of the first device; the emulation takes the number for its schedule.
      const bool cuda = device == COP_CUDA;
      ctx->device = coppice::open_device_library(cuda ? "cuda" : "emulated", cuda ? 0 : threads);
    }
    *out = ctx.release();
  });
}

const char* cop_context_description(const cop_context* ctx) { return ctx == nullptr ? "" : ctx->device->description(); }

int32_t cop_context_destroy(cop_context* ctx) {
  return guard([&] {
    COP_REQUIRE(ctx == nullptr || (ctx->live_bytes == 0 && ctx->live_graphs == 0 && !ctx->recording));
    delete ctx;
  });
}

int32_t cop_context_live_bytes(const cop_context* ctx, int64_t* out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && out != nullptr);
    *out = ctx->live_bytes;
  });
}

int32_t cop_sync(cop_context* ctx) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    require_no_recording(ctx, "cop_sync");
    ctx->device->sync();
  });
}

int32_t cop_context_stream(cop_context* ctx, void** out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && out != nullptr);
    COP_FAULT_POINT("launch");
    void* stream = ctx->device->stream();
    if (stream == nullptr) throw Error(COP_UNSUPPORTED, "this device has no CUDA stream");
    *out = stream;
  });
}

int32_t cop_alloc(cop_context* ctx, int64_t bytes, void** out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && out != nullptr);
    COP_REQUIRE(bytes > 0);
    require_no_recording(ctx, "cop_alloc");
    COP_FAULT_POINT("alloc");
    *out = ctx->device->alloc(bytes);
    ctx->live_bytes += bytes;
  });
}

int32_t cop_free(cop_context* ctx, void* ptr, int64_t bytes) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && ptr != nullptr);
    COP_REQUIRE(bytes > 0 && bytes <= ctx->live_bytes);
    require_no_recording(ctx, "cop_free");
    ctx->device->free(ptr, bytes);
    ctx->live_bytes -= bytes;
  });
}

int32_t cop_upload(cop_context* ctx, void* dst, const void* src, int64_t bytes) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && bytes >= 0 && (bytes == 0 || (dst != nullptr && src != nullptr)));
    require_no_recording(ctx, "cop_upload");
    COP_FAULT_POINT("upload");
    ctx->device->upload(dst, src, bytes);
  });
}

int32_t cop_download(cop_context* ctx, void* dst, const void* src, int64_t bytes) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && bytes >= 0 && (bytes == 0 || (dst != nullptr && src != nullptr)));
    require_no_recording(ctx, "cop_download");
    COP_FAULT_POINT("download");
    ctx->device->download(dst, src, bytes);
  });
}

int32_t cop_copy(cop_context* ctx, void* dst, const void* src, int64_t bytes) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && bytes >= 0 && (bytes == 0 || (dst != nullptr && src != nullptr)));
    ctx->device->copy(dst, src, bytes);
  });
}

int32_t cop_fill(cop_context* ctx, float* dst, float value, int64_t count) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && count >= 0 && (count == 0 || dst != nullptr));
    ctx->device->fill(dst, value, count);
  });
}

namespace {

[[noreturn]] void fail(const char* path, const char* what) {
  const int error = errno;
  throw Error(error == ENOMEM ? COP_OUT_OF_MEMORY : COP_INVALID_ARGUMENT,
              std::string(path) + ": " + what + ": " + std::strerror(error));
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

int32_t cop_map_file(const char* path, void** out, int64_t* bytes) {
  return guard([&] {
    COP_REQUIRE(path != nullptr && out != nullptr && bytes != nullptr);
    COP_FAULT_POINT("map");
    Descriptor file{open(path, O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0) fail(path, "cannot open");
    struct stat info;
    if (fstat(file.fd, &info) != 0) fail(path, "cannot stat");
    if (info.st_size == 0) throw Error(COP_INVALID_ARGUMENT, std::string(path) + ": is empty");
    void* address = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, file.fd, 0);
    if (address == MAP_FAILED) fail(path, "cannot map");
    *out = address;
    *bytes = info.st_size;
  });
}

int32_t cop_unmap_file(void* address, int64_t bytes) {
  return guard([&] {
    COP_REQUIRE(address != nullptr && bytes > 0);
    if (munmap(address, static_cast<size_t>(bytes)) != 0) fail("mapped file", "cannot unmap");
  });
}

int32_t cop_advise_file(void* address, int64_t bytes, int32_t advice) {
  return guard([&] {
    COP_REQUIRE(address != nullptr && bytes > 0 && (advice == COP_ADVICE_SOON || advice == COP_ADVICE_LATER));
    const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    uintptr_t begin = reinterpret_cast<uintptr_t>(address), end = begin + static_cast<uintptr_t>(bytes);
    if (advice == COP_ADVICE_SOON) {
      begin = begin / page * page;
    } else {  // a page that others use too stays
      begin = (begin + page - 1) / page * page;
      end = end / page * page;
    }
    if (begin >= end) return;
    const int how = advice == COP_ADVICE_SOON ? MADV_WILLNEED : MADV_DONTNEED;
    if (madvise(reinterpret_cast<void*>(begin), end - begin, how) != 0) fail("mapped file", "cannot advise");
  });
}
