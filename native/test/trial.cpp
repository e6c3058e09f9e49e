// SPDX-License-Identifier: Apache-2.0
#include "trial.hpp"

#include <cmath>
#include <limits>

namespace {

constexpr uint32_t kCanary = 0x7fc0dead;  // a NaN that no arithmetic makes

uint16_t upper_half(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>(bits >> 16);
}

}  // namespace

constexpr int32_t Trial::kDims[];

uint64_t Trial::next() {  // splitmix64
  uint64_t z = state_ += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

int32_t Trial::below(int32_t bound) {
  return static_cast<int32_t>((next() >> 32) * static_cast<uint64_t>(bound) >> 32);
}

int32_t Trial::positions() { return below(8) == 0 ? 300 + below(500) : dim(); }

float Trial::number() {
  if (mode_ != Mode::kPlain && below(16) == 0) {
    constexpr float kSpecial[] = {0.0f,
                                  -0.0f,
                                  std::numeric_limits<float>::infinity(),
                                  -std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::quiet_NaN(),
                                  3e38f,
                                  -3e38f,
                                  1e-42f,
                                  1e-30f,
                                  100.0f,
                                  -100.0f};
    return kSpecial[below(sizeof kSpecial / sizeof kSpecial[0])];
  }
  return static_cast<float>(below(1 << 20) - (1 << 19)) / (1 << 18);
}

bool Trial::spoiled() {
  if (mode_ != Mode::kHostile || below(12) != 0) return false;
  refused_ = true;
  return true;
}

float Trial::rate(float value) {
  if (!spoiled()) return value;
  constexpr float kBad[] = {-0.1f, 1.0f, 2.0f, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()};
  return kBad[below(5)];
}

std::vector<float> Trial::numbers(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = number();
  return values;
}

unsigned char* Trial::buffer(const void* content, int64_t bytes, Kind kind, Element element) {
  const size_t size = static_cast<size_t>(bytes);
  Buffer made{std::unique_ptr<unsigned char[]>(new unsigned char[size]),
              nullptr,
              bytes,
              kind == Kind::kOut,
              element == Element::kFloat,
              nullptr};
  if (content != nullptr && size > 0) std::memcpy(made.data.get(), content, size);
  for (size_t i = 0; content == nullptr && i < size / sizeof kCanary; ++i) {
    std::memcpy(made.data.get() + i * sizeof kCanary, &kCanary, sizeof kCanary);
  }
  if (kind != Kind::kIn) {
    made.before.reset(new unsigned char[size]);
    if (size > 0) std::memcpy(made.before.get(), made.data.get(), size);
  }
  if (place_ == Place::kDevice) move_to_device(made);
  buffers_.push_back(std::move(made));
  const Buffer& b = buffers_.back();
  return b.on_device == nullptr ? b.data.get() : static_cast<unsigned char*>(b.on_device);
}

void Trial::move_to_device(Buffer& b) {
  const int64_t bytes = b.bytes == 0 ? 1 : b.bytes;  // there is no allocation of nothing
  expect(cop_alloc(context_, bytes, &b.on_device) == COP_OK, cop_last_error());
  expect(cop_upload(context_, b.on_device, b.data.get(), b.bytes) == COP_OK, cop_last_error());
}

void Trial::read_back() {
  for (const Buffer& b : buffers_) {
    if (b.on_device == nullptr || b.before == nullptr) continue;
    expect(cop_download(context_, b.data.get(), b.on_device, b.bytes) == COP_OK, cop_last_error());
  }
}

Trial::~Trial() {
  for (const Buffer& b : buffers_) {
    if (b.on_device != nullptr) cop_free(context_, b.on_device, b.bytes == 0 ? 1 : b.bytes);
  }
}

const float* Trial::in(int64_t count) {
  return reinterpret_cast<float*>(argument(numbers(count).data(), count * 4, Kind::kIn, Element::kFloat));
}

const float* Trial::positive(int64_t count) {
  std::vector<float> values = numbers(count);
  for (float& value : values) value = std::fabs(value) + 1e-3f;
  return reinterpret_cast<float*>(argument(values.data(), count * 4, Kind::kIn, Element::kFloat));
}

const float* Trial::whole(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = mode_ == Mode::kPlain ? static_cast<float>(below(9) - 4) : number();
  return reinterpret_cast<float*>(argument(values.data(), count * 4, Kind::kIn, Element::kFloat));
}

const void* Trial::in_as(int32_t type, int64_t count) {
  if (type == COP_F32) return in(count);
  std::vector<uint16_t> halves(static_cast<size_t>(count));
  for (uint16_t& half : halves) {
    if (type == COP_BF16) {
      half = upper_half(number());
    } else if (mode_ == Mode::kPlain) {
      half = static_cast<uint16_t>(below(2) << 15 | (8 + below(9)) << 10 | below(1 << 10));  // 2^-7 to 4
    } else {
      half = static_cast<uint16_t>(below(1 << 16));
    }
  }
  return argument(halves.data(), count * 2, Kind::kIn, Element::kOther);
}

const int32_t* Trial::indices(const std::vector<int32_t>& values) {
  static const int32_t kNone = 0;
  const void* content = values.empty() ? &kNone : values.data();
  return reinterpret_cast<int32_t*>(
      argument(content, static_cast<int64_t>(values.size()) * 4, Kind::kIn, Element::kOther));
}

const int32_t* Trial::indices_below(int32_t bound, int64_t count) {
  std::vector<int32_t> values(static_cast<size_t>(count));
  for (int32_t& value : values) value = below(bound);
  return indices(values);
}

float* Trial::out(int64_t count) {
  return reinterpret_cast<float*>(argument(nullptr, count * 4, Kind::kOut, Element::kFloat));
}

float* Trial::in_out(int64_t count) {
  return reinterpret_cast<float*>(argument(numbers(count).data(), count * 4, Kind::kInOut, Element::kFloat));
}

float* Trial::in_out_positive(int64_t count) {
  std::vector<float> values = numbers(count);
  for (float& value : values) value = std::fabs(value);
  return reinterpret_cast<float*>(argument(values.data(), count * 4, Kind::kInOut, Element::kFloat));
}

int32_t* Trial::out_indices(int64_t count) {
  return reinterpret_cast<int32_t*>(argument(nullptr, count * 4, Kind::kOut, Element::kOther));
}

double* Trial::in_out_doubles(const std::vector<double>& values) {
  static const double kNone = 0;
  const void* content = values.empty() ? &kNone : values.data();
  return reinterpret_cast<double*>(
      argument(content, static_cast<int64_t>(values.size()) * 8, Kind::kInOut, Element::kOther));
}

const float* Trial::maybe_in(int64_t count) {
  if (coin()) return nullptr;
  return reinterpret_cast<float*>(buffer(numbers(count).data(), count * 4, Kind::kIn, Element::kFloat));
}

float* Trial::maybe_out(int64_t count) {
  return coin() ? nullptr : reinterpret_cast<float*>(buffer(nullptr, count * 4, Kind::kOut, Element::kFloat));
}

void Trial::expect(bool condition, const char* what) {
  if (!condition && failure_.empty()) failure_ = what;
}

void Trial::check(const char* operation, int32_t status) {
  const std::string name(operation);
  if (refused_) {
    expect(status == COP_INVALID_ARGUMENT, (name + " accepted a bad argument").c_str());
    for (const Buffer& b : buffers_) {
      const bool same = b.before == nullptr || b.bytes == 0 ||
                        std::memcmp(b.data.get(), b.before.get(), static_cast<size_t>(b.bytes)) == 0;
      expect(same, (name + " refused its arguments but wrote an output").c_str());
    }
    return;
  }
  expect(status == COP_OK, (name + ": " + cop_last_error()).c_str());
  if (status != COP_OK) return;
  read_back();
  for (const Buffer& b : buffers_) {
    for (int64_t i = 0; b.must_be_written && i < b.bytes; i += 4) {
      uint32_t word;
      std::memcpy(&word, b.data.get() + i, sizeof word);
      expect(word != kCanary, (name + " left an output unwritten").c_str());
    }
  }
}

std::vector<Trial::Output> Trial::outputs() const {
  std::vector<Output> all;
  for (const Buffer& b : buffers_) {
    if (b.before != nullptr) all.push_back({b.data.get(), b.bytes, b.floats});
  }
  return all;
}

bool close(const Trial::Output& a, const Trial::Output& b) {
  const float* x = reinterpret_cast<const float*>(a.data);
  const float* y = reinterpret_cast<const float*>(b.data);
  double largest = 0.0;
  for (int64_t i = 0; i < a.bytes / 4; ++i) largest = std::fmax(largest, std::fabs(static_cast<double>(x[i])));
  for (int64_t i = 0; i < a.bytes / 4; ++i) {
    const double difference = std::fabs(static_cast<double>(x[i]) - static_cast<double>(y[i]));
    if (!(difference <= 2e-5 * largest)) return false;
  }
  return true;
}

bool same_bits(const Trial::Output& a, const Trial::Output& b) {
  return a.bytes == 0 || std::memcmp(a.data, b.data, static_cast<size_t>(a.bytes)) == 0;
}

std::vector<int32_t> random_offsets(Trial& t, int32_t samples, int32_t longest) {
  std::vector<int32_t> offsets{0};
  for (int32_t b = 0; b < samples; ++b) offsets.push_back(offsets.back() + t.below(longest + 1));
  return offsets;
}
