// SPDX-License-Identifier: Apache-2.0
// Graphs on the emulated CUDA device. Every operation that takes its rows from a cop_step is recorded once for a
// capacity and replayed with several counts, step by step: the results must be those of the plain operation over so
// many rows, bit for bit, with zeros behind them. And what may not be done while a graph is recorded is refused.
//
//   graph_replay [schedule ...]
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "counted_operations.hpp"

namespace {

int failures = 0;

class Device {
 public:
  explicit Device(int32_t schedule) {
    if (cop_context_create(COP_EMULATED, schedule, &context) != COP_OK) {
      std::printf("no device: %s\n", cop_last_error());
      std::exit(1);
    }
    done(cop_alloc(context, sizeof(cop_step), reinterpret_cast<void**>(&step)));
  }
  ~Device() {
    done(cop_free(context, step, sizeof(cop_step)));
    done(cop_context_destroy(context));
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  void write(int32_t rows, int64_t number) { done(cop_step_write(context, step, rows, number, kRate, kBeta1, kBeta2)); }

  cop_context* context = nullptr;
  cop_step* step = nullptr;
};

// Whether the rows that count, or all, have the bits of the plain operation, and the others are 0.
std::string difference(const Arguments::Output& plain, const Arguments::Output& counted, int32_t count) {
  const size_t same = plain.width < 0 ? plain.values.size() : static_cast<size_t>(count * plain.width);
  if (std::memcmp(plain.values.data(), counted.values.data(), same * sizeof(float)) != 0) return "other bits";
  for (size_t i = same; i < counted.values.size(); ++i) {
    if (!(counted.values[i] == 0.0f)) return "not 0 behind the rows that count";
  }
  return "";
}

// With a number that an operation must not take from its arguments.
constexpr int32_t kStaleNumber = 77;

void replay(const Operation& op, int32_t schedule, int32_t capacity) {
  Device device(schedule);
  cop_context* const context = device.context;
  Arguments arguments(context, capacity);
  const Call call = op.lay_out(arguments, capacity);
  device.write(capacity, 1);
  done(cop_step_use(context, capacity, device.step));
  done(call(context, {capacity, kStaleNumber}));  // scratch grows
  done(cop_graph_begin(context));
  done(call(context, {capacity, kStaleNumber}));
  cop_graph* graph = nullptr;
  done(cop_graph_end(context, &graph));
  done(cop_step_use(context, 0, nullptr));
  int64_t number = 1;
  for (const int32_t count : {capacity, 1, 0, capacity / 2, capacity - 1, capacity}) {
    arguments.again();
    op.lay_out(arguments, count);
    device.write(count, ++number);
    done(cop_graph_launch(context, graph));
    Arguments plain(context, capacity);
    done(op.lay_out(plain, count)(context, {count, static_cast<int32_t>(number)}));
    const std::vector<Arguments::Output> expected = plain.outputs(), actual = arguments.outputs();
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::string wrong = difference(expected[i], actual[i], count);
      require(wrong.empty(), std::string(op.name) + ", schedule " + std::to_string(schedule) + ": " +
                                 std::to_string(count) + " of " + std::to_string(capacity) + " rows, output " +
                                 std::to_string(i) + ": " + wrong);
    }
  }
  done(cop_graph_free(context, graph));
}

void refused(const char* what, int32_t expected, int32_t status, const char* message) {
  require(status == expected && std::strstr(cop_last_error(), message) != nullptr,
          std::string(what) + ": status " + std::to_string(status) + ", " + (status == 0 ? "" : cop_last_error()));
}

// Scratch that grows after a recording stays what the graph knows.
void outgrown_scratch() {
  Device device(3);
  cop_context* const c = device.context;
  constexpr int32_t kRows = 3000;
  const std::vector<float> ones(kRows, 1.0f);
  float *x = nullptr, *sum = nullptr, result = 0.0f;
  done(cop_alloc(c, kRows * 4, reinterpret_cast<void**>(&x)));
  done(cop_alloc(c, 4, reinterpret_cast<void**>(&sum)));
  done(cop_upload(c, x, ones.data(), kRows * 4));
  done(cop_bias_backward(c, 300, 1, x, sum));
  cop_graph* graph = nullptr;
  done(cop_graph_begin(c));
  done(cop_bias_backward(c, 300, 1, x, sum));
  done(cop_graph_end(c, &graph));
  for (const int32_t rows : {1000, kRows}) {
    done(cop_bias_backward(c, rows, 1, x, sum));
    done(cop_graph_launch(c, graph));
    done(cop_download(c, &result, sum, 4));
    require(result == 300.0f, "scratch that grew under a graph");
  }
  done(cop_graph_free(c, graph));
  done(cop_free(c, x, kRows * 4));
  done(cop_free(c, sum, 4));
}

// What waits, allocates or frees is refused while a graph is recorded, and the recording goes on.
void misuse() {
  Device device(1);
  cop_context* const c = device.context;
  float *x = nullptr, *bias = nullptr, host[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  done(cop_alloc(c, 32, reinterpret_cast<void**>(&x)));
  done(cop_alloc(c, 32, reinterpret_cast<void**>(&bias)));
  done(cop_upload(c, x, host, 32));
  cop_graph* graph = nullptr;
  void* other = nullptr;
  refused("end before begin", COP_INVALID_ARGUMENT, cop_graph_end(c, &graph), "recording");
  refused("launch of nothing", COP_INVALID_ARGUMENT, cop_graph_launch(c, nullptr), "graph != nullptr");
  done(cop_graph_free(c, nullptr));
  done(cop_graph_begin(c));
  const char* part = "cannot be part of a graph";
  refused("begin twice", COP_INVALID_ARGUMENT, cop_graph_begin(c), part);
  refused("upload", COP_INVALID_ARGUMENT, cop_upload(c, x, host, 4), part);
  refused("download", COP_INVALID_ARGUMENT, cop_download(c, host, x, 4), part);
  refused("sync", COP_INVALID_ARGUMENT, cop_sync(c), part);
  refused("alloc", COP_INVALID_ARGUMENT, cop_alloc(c, 64, &other), part);
  refused("free", COP_INVALID_ARGUMENT, cop_free(c, x, 32), part);
  refused("write of a step", COP_INVALID_ARGUMENT, cop_step_write(c, device.step, 1, 1, kRate, kBeta1, kBeta2), part);
  refused("destroy", COP_INVALID_ARGUMENT, cop_context_destroy(c), "recording");
  refused("scratch", COP_INVALID_ARGUMENT, cop_bias_backward(c, 1000, 8, x, bias), "everything once before");
  done(cop_scale(c, 8, 2.0f, x));
  done(cop_copy(c, bias, x, 32));
  done(cop_graph_end(c, &graph));
  refused("destroy with a graph", COP_INVALID_ARGUMENT, cop_context_destroy(c), "live_graphs");
  for (int launch = 0; launch < 3; ++launch) done(cop_graph_launch(c, graph));
  done(cop_download(c, host, bias, 32));
  require(host[0] == 8.0f && host[7] == 64.0f, "a recording that was disturbed replays what is in it, three times");
  done(cop_graph_free(c, graph));

  device.write(2, 1);
  done(cop_step_use(c, 4, device.step));
  refused("rows of another number", COP_INVALID_ARGUMENT, cop_bias_forward(c, 3, 2, bias, x), "in use for 4");
  refused("rows without a count", COP_UNSUPPORTED, cop_bias_relu_forward_jvp(c, 4, 2, x, nullptr, x, x), "cop_step");
  done(cop_step_use(c, 0, nullptr));
  done(cop_bias_forward(c, 3, 2, bias, x));
  for (const int64_t number : {int64_t{0}, int64_t{-1}, int64_t{1} << 31}) {
    refused("number of a step", COP_INVALID_ARGUMENT, cop_step_write(c, device.step, 1, number, kRate, kBeta1, kBeta2),
            "number");
  }
  refused("rows of a step", COP_INVALID_ARGUMENT, cop_step_write(c, device.step, -1, 1, kRate, kBeta1, kBeta2), "rows");
  done(cop_free(c, x, 32));
  done(cop_free(c, bias, 32));
}

}  // namespace

void require(bool condition, const std::string& what) {
  if (condition) return;
  std::printf("%s\n", what.c_str());
  ++failures;
}

int main(int count, char** arguments) {
  std::vector<int32_t> schedules;
  for (int i = 1; i < count; ++i) schedules.push_back(std::atoi(arguments[i]));
  if (schedules.empty()) schedules = {1, 2, 3, 4};
  int operations = 0;
  for (const Operation& op : counted_operations()) {
    ++operations;
    for (const int32_t schedule : schedules) {
      for (const int32_t capacity : {1, 6, 300}) replay(op, schedule, capacity);
    }
  }
  replay(tall_sum(), schedules[0], 66000);
  outgrown_scratch();
  misuse();
  std::printf("%d operations replayed in %zu schedules: %d failures\n", operations, schedules.size(), failures);
  return failures == 0 ? 0 : 1;
}
