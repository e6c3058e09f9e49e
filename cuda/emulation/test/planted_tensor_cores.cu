// SPDX-License-Identifier: Apache-2.0
// Products on tensor cores: fragments, operands and lanes.
#include <cmath>

#include "mma.cuh"
#include "planted.hpp"

namespace {

enum class How { kRight, kByShuffles, kHalfOfTheWarp, kSmallWarp, kSwappedRows, kSwappedTerms, kNotRounded };

constexpr int kRows = 16, kColumns = 8;

// c (16,8) += a (16,K) b (K,8), row-major
template <How kHow>
__global__ void tf32_kernel(const float* a, const float* b, float* c) {
  const int lane = static_cast<int>(threadIdx.x), g = lane / 4, t = lane % 4;
  const auto operand = [](float x) { return kHow == How::kNotRounded ? __float_as_uint(x) : tf32_of_float(x); };
  const int upper = kHow == How::kSwappedRows ? g + 8 : g, lower = kHow == How::kSwappedRows ? g : g + 8;
  const unsigned left[4] = {operand(a[upper * 8 + t]), operand(a[lower * 8 + t]), operand(a[upper * 8 + t + 4]),
                            operand(a[lower * 8 + t + 4])};
  const unsigned right[2] = {operand(b[t * kColumns + g]), operand(b[(t + 4) * kColumns + g])};
  float d[4];
  for (int i = 0; i < 4; ++i) d[i] = c[(g + i / 2 * 8) * kColumns + 2 * t + i % 2];
  if (kHow == How::kByShuffles) {
    mma_tf32_by_shuffles(d, left, right);
  } else if (kHow != How::kHalfOfTheWarp || lane < 16) {
    mma_tf32(d, left, right);
  }
  for (int i = 0; i < 4; ++i) c[(g + i / 2 * 8) * kColumns + 2 * t + i % 2] = d[i];
}

__device__ unsigned bf16_pair(float first, float second) {
  return __float_as_uint(first) >> 16 | (__float_as_uint(second) & 0xffff0000u);
}

template <How kHow>
__global__ void bf16_kernel(const float* a, const float* b, float* c) {
  const int lane = static_cast<int>(threadIdx.x), g = lane / 4, t = lane % 4;
  const auto two = [=](int row, int k) {
    const bool swapped = kHow == How::kSwappedTerms;
    return bf16_pair(a[row * 16 + k + (swapped ? 1 : 0)], a[row * 16 + k + (swapped ? 0 : 1)]);
  };
  const auto terms = [=](int k) { return bf16_pair(b[k * kColumns + g], b[(k + 1) * kColumns + g]); };
  const unsigned left[4] = {two(g, 2 * t), two(g + 8, 2 * t), two(g, 2 * t + 8), two(g + 8, 2 * t + 8)};
  const unsigned right[2] = {terms(2 * t), terms(2 * t + 8)};
  float d[4];
  for (int i = 0; i < 4; ++i) d[i] = c[(g + i / 2 * 8) * kColumns + 2 * t + i % 2];
  if (kHow == How::kByShuffles) {
    mma_bf16_by_shuffles(d, left, right);
  } else {
    mma_bf16(d, left, right);
  }
  for (int i = 0; i < 4; ++i) c[(g + i / 2 * 8) * kColumns + 2 * t + i % 2] = d[i];
}

// Numbers of at most `bits` significant bits, all different.
std::vector<float> numbers(size_t count, int bits) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    const float odd = static_cast<float>(2 * ((37 * i + 11) % (size_t{1} << (bits - 1))) + 1);
    values[i] = std::ldexp(i % 3 == 0 ? -odd : odd, static_cast<int>(i % 4) - bits);
  }
  return values;
}

// Half a unit of the eleventh bit is added to the magnitude, the rest cut off: by integers, apart from the wrapper.
float rounded(float x) {
  int exponent = 0;
  const float mantissa = std::frexp(x, &exponent);
  return std::ldexp(std::round(mantissa * 2048.0f), exponent - 11);
}

template <How kHow>
bool tf32() {
  const std::vector<float> a = numbers(kRows * 8, 20), b = numbers(8 * kColumns, 20), c = numbers(kRows * kColumns, 6);
  const DeviceArray<float> left(a), right(b), out(c);
  gpu_launch(tf32_kernel<kHow>, shape(1, kHow == How::kSmallWarp ? 16 : 32), left.data(), right.data(), out.data());
  std::vector<float> expected(c);
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t column = 0; column < kColumns; ++column) {
      float& sum = expected[row * kColumns + column];
      for (size_t k = 0; k < 8; ++k) sum = std::fma(rounded(a[row * 8 + k]), rounded(b[k * kColumns + column]), sum);
    }
  }
  return out.holds(expected);
}

template <How kHow>
bool bf16() {
  const std::vector<float> a = numbers(kRows * 16, 8), b = numbers(16 * kColumns, 8), c = numbers(kRows * kColumns, 6);
  const DeviceArray<float> left(a), right(b), out(c);
  gpu_launch(bf16_kernel<kHow>, shape(1, 32), left.data(), right.data(), out.data());
  std::vector<float> expected(c);
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t column = 0; column < kColumns; ++column) {
      float& sum = expected[row * kColumns + column];
      for (size_t k = 0; k < 16; ++k) sum = std::fma(a[row * 16 + k], b[k * kColumns + column], sum);
    }
  }
  return out.holds(expected);
}

}  // namespace

std::vector<Planted> planted_in_tensor_cores() {
  // Every build reports these in the same words.
  const auto all = [](const char* name, bool (*run)(), const char* expected) {
    return Planted{name, run, expected, expected, expected};
  };
  return {
      all("half of a warp multiplies", tf32<How::kHalfOfTheWarp>, "exits while mma_tf32"),
      all("product of half a warp", tf32<How::kSmallWarp>, "fewer than 32 threads"),
      all("fragment with rows swapped", tf32<How::kSwappedRows>, kWrong),
      all("operands not rounded to TF32", tf32<How::kNotRounded>, kWrong),
      all("fragment with terms swapped", bf16<How::kSwappedTerms>, kWrong),
      all("control: product of TF32", tf32<How::kRight>, kRight),
      all("control: product of TF32 by shuffles", tf32<How::kByShuffles>, kRight),
      all("control: product of BF16", bf16<How::kRight>, kRight),
      all("control: product of BF16 by shuffles", bf16<How::kByShuffles>, kRight),
  };
}
