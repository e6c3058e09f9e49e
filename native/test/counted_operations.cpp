// SPDX-License-Identifier: Apache-2.0
#include "counted_operations.hpp"

#include <algorithm>

namespace {

constexpr int64_t kSeed = -0x123456789abcdefLL;
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

}  // namespace

std::vector<Operation> counted_operations() {
  return {{"dropout_forward", dropout},
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
}

Operation tall_sum() { return {"bias_backward, one column", tall_column}; }
