// SPDX-License-Identifier: Apache-2.0
// The C boundary: graphs, and what their replays read on the device.
#include "adam_rates.hpp"
#include "context.hpp"
#include "error.hpp"

using coppice::guard;
using coppice::require_no_recording;

int32_t cop_step_write(cop_context* ctx, cop_step* step, int32_t rows, int64_t number, float lr, float beta1,
                       float beta2) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && step != nullptr);
    COP_REQUIRE(rows >= 0 && number >= 1 && number <= INT32_MAX);
    require_no_recording(ctx, "cop_step_write");
    COP_FAULT_POINT("upload");
    const coppice::AdamRates rates = coppice::adam_rates(lr, beta1, beta2, number);
    const cop_step value{0, rows, static_cast<int32_t>(number), rates.rate, rates.root};
    ctx->device->upload(step, &value, sizeof value);
  });
}

int32_t cop_step_use(cop_context* ctx, int32_t T, const cop_step* step) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && T >= 0);
    ctx->device->step_use(T, step);
  });
}

int32_t cop_graph_begin(cop_context* ctx) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    require_no_recording(ctx, "cop_graph_begin");
    COP_FAULT_POINT("launch");
    ctx->device->graph_begin();
    ctx->recording = true;
  });
}

int32_t cop_graph_end(cop_context* ctx, cop_graph** out) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && out != nullptr);
    COP_REQUIRE(ctx->recording);
    ctx->recording = false;  // whatever comes of it
    void* graph = nullptr;
    ctx->device->graph_end(&graph);
    ++ctx->live_graphs;
    *out = static_cast<cop_graph*>(graph);
  });
}

int32_t cop_graph_launch(cop_context* ctx, cop_graph* graph) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr && graph != nullptr);
    require_no_recording(ctx, "cop_graph_launch");
    COP_FAULT_POINT("launch");
    ctx->device->graph_launch(graph);
  });
}

int32_t cop_graph_free(cop_context* ctx, cop_graph* graph) {
  return guard([&] {
    COP_REQUIRE(ctx != nullptr);
    if (graph == nullptr) return;
    require_no_recording(ctx, "cop_graph_free");
    COP_REQUIRE(ctx->live_graphs > 0);
    ctx->device->graph_free(graph);
    --ctx->live_graphs;
  });
}
