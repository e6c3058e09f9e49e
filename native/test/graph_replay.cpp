// SPDX-License-Identifier: Apache-2.0
// Graphs on the emulated CUDA device. Every operation that takes its rows from a cop_step is recorded once for a
// capacity and replayed with several counts, step by step: the results must be those of the plain operation over so
// many rows, bit for bit, with zeros behind them. And what may not be done while a graph is recorded is refused.
//
//   graph_replay [schedule ...]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "trial.hpp"

namespace {

constexpr int64_t kSeed = -0x123456789abcdefLL;
constexpr float kRate = 1e-3f, kBeta1 = 0.9f, kBeta2 = 0.999f;
int failures = 0;

void require(bool condition, const std::string& what) {
  if (condition) return;
  std::printf("%s\n", what.c_str());
  ++failures;
}

void done(int32_t status) { require(status == COP_OK, std::string("refused: ") + cop_last_error()); }

// The arguments of an operation in device memory, each an allocation of its own. Laid out again, they are filled again.
class Arguments {
 public:
  Arguments(cop_context* context, int32_t capacity) : context_(context), capacity_(capacity) {}
  ~Arguments() {
    for (const Array& a : arrays_) done(cop_free(context_, a.data, a.bytes));
  }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  void again() { next_ = 0; }
  int32_t capacity() const { return capacity_; }

  const float* in(int64_t count) { return floats(numbers(count), 0); }
  const float* in_rows(int64_t width) { return in(capacity_ * width); }
  const float* positive_rows() {
    std::vector<float> values = numbers(capacity_);
    for (float& value : values) value = value * value + 0.1f;
    return floats(values, 0);
  }
  // Outputs (capacity, width), which hold numbers before.
  float* rows(int64_t width) { return floats(numbers(capacity_ * width), width); }
  // Outputs without rows; adding 0 to -0 would show.
  float* whole(int64_t count) { return floats(numbers(count), -1); }
  float* minus_zeros(int64_t count) { return floats(std::vector<float>(static_cast<size_t>(count), -0.0f), -1); }
  const int32_t* indices(std::vector<int32_t> values, int64_t room) {
    values.resize(static_cast<size_t>(room), 0);
    return static_cast<int32_t*>(array(values.data(), room * 4, 0));
  }
  std::vector<int32_t> below(int32_t bound, int64_t count) {
    std::vector<int32_t> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int32_t>(i * 7 % static_cast<size_t>(bound));
    return values;
  }

  struct Output {
    std::vector<float> values;
    int64_t width;  // -1: no rows
  };
  std::vector<Output> outputs() {
    std::vector<Output> all;
    for (const Array& a : arrays_) {
      if (a.width == 0) continue;
      all.push_back({std::vector<float>(static_cast<size_t>(a.bytes / 4)), a.width});
      done(cop_download(context_, all.back().values.data(), a.data, a.bytes));
    }
    return all;
  }

 private:
  struct Array {
    void* data;
    int64_t bytes, width;
  };

  std::vector<float> numbers(int64_t count) const {
    std::vector<float> values(static_cast<size_t>(count));
    uint64_t state = next_ * 977 + 5;
    for (float& value : values) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      value = static_cast<float>(static_cast<int32_t>(state >> 40) - (1 << 23)) / (1 << 22);
    }
    return values;
  }
  float* floats(const std::vector<float>& values, int64_t width) {
    return static_cast<float*>(array(values.data(), static_cast<int64_t>(values.size()) * 4, width));
  }
  void* array(const void* content, int64_t bytes, int64_t width) {
    if (next_ == arrays_.size()) {
      arrays_.push_back({nullptr, bytes, width});
      done(cop_alloc(context_, bytes, &arrays_.back().data));
    }
    const Array& a = arrays_[next_++];
    done(cop_upload(context_, a.data, content, bytes));
    return a.data;
  }

  cop_context* context_;
  int32_t capacity_;
  std::vector<Array> arrays_;
  size_t next_ = 0;
};

// What an operation is called with as plain arguments: T rows and a step's number.
struct Plain {
  int32_t T, number;
};
using Call = std::function<int32_t(cop_context*, Plain)>;
// Lays the arguments out for `count` rows that count.
struct Operation {
  const char* name;
  Call (*lay_out)(Arguments& a, int32_t count);
};

constexpr int32_t kWidth = 33, kItems = 9, kHeads = 3;

Call dropout(Arguments& a, int32_t) {
  const float* x = a.in_rows(kWidth);
  float* y = a.rows(kWidth);
  return
      [=](cop_context* c, Plain p) { return cop_dropout_forward(c, p.T, kWidth, x, 0.5f, kSeed, p.number, 3, 64, y); };
}

Call bias_forward(Arguments& a, int32_t) {
  const float* bias = a.in(kWidth);
  float* x = a.rows(kWidth);
  return [=](cop_context* c, Plain p) { return cop_bias_forward(c, p.T, kWidth, bias, x); };
}

Call bias_backward(Arguments& a, int32_t) {
  const float* dy = a.in_rows(kWidth);
  float* dbias = a.whole(kWidth);
  return [=](cop_context* c, Plain p) { return cop_bias_backward(c, p.T, kWidth, dy, dbias); };
}

Call bias_relu_forward(Arguments& a, int32_t) {
  const float *x = a.in_rows(kWidth), *bias = a.in(kWidth);
  float* y = a.rows(kWidth);
  return [=](cop_context* c, Plain p) { return cop_bias_relu_forward(c, p.T, kWidth, x, bias, y); };
}

Call bias_relu_backward(Arguments& a, int32_t) {
  const float *dy = a.in_rows(kWidth), *y = a.in_rows(kWidth);
  float *dx = a.rows(kWidth), *dbias = a.whole(kWidth);
  return [=](cop_context* c, Plain p) { return cop_bias_relu_backward(c, p.T, kWidth, dy, y, dx, dbias); };
}

template <int kAccumulate>
Call embedding_forward(Arguments& a, int32_t) {
  const int32_t* ids = a.indices(a.below(kItems, a.capacity()), a.capacity());
  const float* table = a.in(kItems * kWidth);
  float* out = a.rows(kWidth);
  return [=](cop_context* c, Plain p) {
    return cop_embedding_forward(c, p.T, kWidth, kItems, ids, table, COP_F32, kAccumulate, out);
  };
}

// Positions to the rows of the table in turn; rows of the list that have none name row 0.
Call embedding_backward(Arguments& a, int32_t count) {
  const int32_t used = count < kItems ? count : kItems;
  std::vector<int32_t> rows, segments{0}, order;
  for (int32_t r = 0; r < kItems; ++r) {
    rows.push_back(r < used ? kItems - 1 - r : 0);
    for (int32_t t = r; r < used && t < count; t += kItems) order.push_back(t);
    segments.push_back(static_cast<int32_t>(order.size()));
  }
  const int32_t *row_list = a.indices(rows, kItems), *segment_list = a.indices(segments, kItems + 1);
  const int32_t* order_list = a.indices(order, a.capacity());
  const float *coef = a.in_rows(1), *src = a.in_rows(kWidth);
  float* table = a.minus_zeros(kItems * kWidth);
  return [=](cop_context* c, Plain p) {
    const int32_t R = p.T == count ? used : kItems;
    return cop_embedding_backward(c, R, kWidth, kItems, row_list, segment_list, order_list, coef, src, table);
  };
}

Call layer_norm_forward(Arguments& a, int32_t) {
  const float *x = a.in_rows(kWidth), *bias = a.in(kWidth), *residual = a.in_rows(kWidth);
  const float *gamma = a.in(kWidth), *beta = a.in(kWidth);
  float *y = a.rows(kWidth), *xhat = a.rows(kWidth), *rstd = a.rows(1);
  return [=](cop_context* c, Plain p) {
    return cop_residual_layer_norm_forward(c, p.T, kWidth, x, bias, residual, gamma, beta, 1e-3f, 0.3f, kSeed, p.number,
                                           2, 0, y, xhat, rstd);
  };
}

Call layer_norm_backward(Arguments& a, int32_t) {
  const float *dy = a.in_rows(kWidth), *xhat = a.in_rows(kWidth), *rstd = a.positive_rows(), *gamma = a.in(kWidth);
  float *ds = a.rows(kWidth), *dx = a.rows(kWidth);
  float *dgamma = a.whole(kWidth), *dbeta = a.whole(kWidth), *dbias = a.whole(kWidth);
  return [=](cop_context* c, Plain p) {
    return cop_residual_layer_norm_backward(c, p.T, kWidth, dy, xhat, rstd, gamma, 0.3f, kSeed, p.number, 2, 0, ds, dx,
                                            dgamma, dbeta, dbias);
  };
}

Call sampled_bce(Arguments& a, int32_t) {
  const float *h = a.in_rows(kWidth), *table = a.in(kItems * kWidth), *w = a.in_rows(1);
  const int32_t *positives = a.indices(a.below(kItems, a.capacity()), a.capacity()),
                *negatives = a.indices(a.below(4, a.capacity()), a.capacity());
  float *loss = a.rows(1), *dpos = a.rows(1), *dneg = a.rows(1), *dh = a.rows(kWidth);
  return [=](cop_context* c, Plain p) {
    return cop_sampled_bce_forward(c, p.T, kWidth, kItems, h, table, positives, negatives, w, loss, dpos, dneg, dh);
  };
}

// Samples of 1 to 8 positions; those beyond the count's are empty.
struct Samples {
  const int32_t *offsets, *triangles;
  int32_t room, used;
};
Samples samples(Arguments& a, int32_t count) {
  std::vector<int32_t> offsets{0}, triangles;
  int32_t triangle = 0;
  while (offsets.back() < count) {
    const int32_t n = std::min(1 + static_cast<int32_t>(triangles.size()) % 8, count - offsets.back());
    triangles.push_back(triangle);
    triangle += n * (n + 1) / 2;
    offsets.push_back(offsets.back() + n);
  }
  const int32_t used = static_cast<int32_t>(triangles.size()), room = a.capacity() + 1;
  offsets.resize(static_cast<size_t>(room) + 1, count);
  return {a.indices(offsets, room + 1), a.indices(triangles, room), room, used};
}

Call attention_forward(Arguments& a, int32_t count) {
  const Samples s = samples(a, count);
  const float *q = a.in_rows(kHeads * 5), *k = a.in_rows(kHeads * 5), *v = a.in_rows(kHeads * 5);
  float *out = a.rows(kHeads * 5), *lse = a.rows(kHeads);
  return [=](cop_context* c, Plain p) {
    return cop_attention_forward(c, p.T == count ? s.used : s.room, kHeads, kHeads, 5, s.offsets, q, k, v, 0.4f, 0.0f,
                                 INT32_MAX, 0.3f, kSeed, p.number, 1, s.triangles, out, lse);
  };
}

template <bool kFull>
Call attention_backward(Arguments& a, int32_t count) {
  const Samples s = samples(a, count);
  const float *q = a.in_rows(kHeads * 5), *k = a.in_rows(kHeads * 5), *v = a.in_rows(kHeads * 5);
  const float *out = a.in_rows(kHeads * 5), *lse = a.in_rows(kHeads), *dout = a.in_rows(kHeads * 5);
  float *dv = a.rows(kHeads * 5), *dq = kFull ? a.rows(kHeads * 5) : nullptr,
        *dk = kFull ? a.rows(kHeads * 5) : nullptr;
  return [=](cop_context* c, Plain p) {
    return cop_attention_backward(c, p.T == count ? s.used : s.room, kHeads, kHeads, 5, s.offsets, q, k, v, out, lse,
                                  dout, 0.4f, 0.0f, INT32_MAX, 0.3f, kSeed, p.number, 1, s.triangles, dq, dk, dv);
  };
}

// Rows enough for sums of sums of sums.
Call tall_column(Arguments& a, int32_t) {
  const float* dy = a.in_rows(1);
  float* dbias = a.whole(1);
  return [=](cop_context* c, Plain p) { return cop_bias_backward(c, p.T, 1, dy, dbias); };
}

Call adam(Arguments& a, int32_t) {
  float *param = a.whole(99), *m = a.whole(99), *v = a.whole(99);
  const float* grad = a.in(99);
  return [=](cop_context* c, Plain p) {
    return cop_adam_step(c, 99, param, grad, m, v, kRate, kBeta1, kBeta2, 1e-8f, p.number);
  };
}

constexpr Operation kOperations[] = {{"dropout_forward", dropout},
                                     {"bias_forward", bias_forward},
                                     {"bias_backward", bias_backward},
                                     {"bias_relu_forward", bias_relu_forward},
                                     {"bias_relu_backward", bias_relu_backward},
                                     {"embedding_forward", embedding_forward<0>},
                                     {"embedding_forward, accumulating", embedding_forward<1>},
                                     {"embedding_backward", embedding_backward},
                                     {"residual_layer_norm_forward", layer_norm_forward},
                                     {"residual_layer_norm_backward", layer_norm_backward},
                                     {"sampled_bce_forward", sampled_bce},
                                     {"attention_forward", attention_forward},
                                     {"attention_backward", attention_backward<true>},
                                     {"attention_backward, values only", attention_backward<false>},
                                     {"adam_step", adam}};
constexpr Operation kTall = {"bias_backward, one column", tall_column};

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

int main(int count, char** arguments) {
  std::vector<int32_t> schedules;
  for (int i = 1; i < count; ++i) schedules.push_back(std::atoi(arguments[i]));
  if (schedules.empty()) schedules = {1, 2, 3, 4};
  int operations = 0;
  for (const Operation& op : kOperations) {
    ++operations;
    for (const int32_t schedule : schedules) {
      for (const int32_t capacity : {1, 6, 300}) replay(op, schedule, capacity);
    }
  }
  replay(kTall, schedules[0], 66000);
  outgrown_scratch();
  misuse();
  std::printf("%d operations replayed in %zu schedules: %d failures\n", operations, schedules.size(), failures);
  return failures == 0 ? 0 : 1;
}
