// SPDX-License-Identifier: Apache-2.0
// What of Adam's step depends on its number alone: computed in float64 and rounded once.
#pragma once
#include <cmath>
#include <cstdint>

namespace coppice {

struct AdamRates {
  float rate;  // lr / (1 - beta1^step)
  float root;  // 1 / sqrt(1 - beta2^step)
};

inline AdamRates adam_rates(float lr, float beta1, float beta2, int64_t step) {
  const double b1 = beta1, b2 = beta2, steps = static_cast<double>(step);
  return {static_cast<float>(lr / (1.0 - std::pow(b1, steps))),
          static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(b2, steps)))};
}

}  // namespace coppice
