// SPDX-License-Identifier: Apache-2.0
// The operations that take their rows from a cop_step, with arguments in device memory: for graph_replay.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "coppice/coppice.h"

// Counts a failure, and says it, unless the condition holds.
void require(bool condition, const std::string& what);
inline void done(int32_t status) { require(status == COP_OK, std::string("refused: ") + cop_last_error()); }

// Of Adam, in the arguments as in the steps.
constexpr float kRate = 1e-3f, kBeta1 = 0.9f, kBeta2 = 0.999f;

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

std::vector<Operation> counted_operations();
// Over rows enough for sums of sums of sums.
Operation tall_sum();
