// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "coppice/coppice.h"
#include "device.hpp"
#include "error.hpp"

struct cop_context {
  std::unique_ptr<coppice::Device> device;
  int64_t live_bytes = 0;
  int32_t live_graphs = 0;
  bool recording = false;  // between cop_graph_begin and cop_graph_end
};

namespace coppice {

// Refuses a call that a graph cannot have in it.
inline void require_no_recording(const cop_context* ctx, const char* call) {
  if (!ctx->recording) return;
  throw Error(COP_INVALID_ARGUMENT, std::string(call) +
                                        " cannot be part of a graph: it waits, allocates or frees; call it before "
                                        "cop_graph_begin or after cop_graph_end");
}

}  // namespace coppice
