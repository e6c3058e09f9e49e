// SPDX-License-Identifier: Apache-2.0
// The operations of a device that lives in a library of its own, as a list: a new operation in device.hpp gets one line
// here, and with it a place in the table that crosses to the library.
#pragma once
#include <cstdint>

#include "device.hpp"
#include "error.hpp"

// symmetric_solve is not among them: it works on host memory. Nor is step_use, which decides about the others.
#define COP_DEVICE_OPS(OP)             \
  OP(upload)                           \
  OP(download)                         \
  OP(copy)                             \
  OP(fill)                             \
  OP(sync)                             \
  OP(graph_begin)                      \
  OP(graph_end)                        \
  OP(graph_launch)                     \
  OP(graph_free)                       \
  OP(gemm)                             \
  OP(axpy)                             \
  OP(scale)                            \
  OP(convert)                          \
  OP(round_bf16)                       \
  OP(dropout_forward)                  \
  OP(bias_forward)                     \
  OP(bias_backward)                    \
  OP(bias_relu_forward)                \
  OP(bias_relu_backward)               \
  OP(bias_relu_forward_jvp)            \
  OP(embedding_forward)                \
  OP(embedding_backward)               \
  OP(residual_layer_norm_forward)      \
  OP(residual_layer_norm_backward)     \
  OP(residual_layer_norm_forward_jvp)  \
  OP(residual_layer_norm_backward_jvp) \
  OP(attention_forward)                \
  OP(attention_backward)               \
  OP(attention_forward_jvp)            \
  OP(attention_backward_jvp)           \
  OP(sampled_bce_forward)              \
  OP(sampled_bce_jvp)                  \
  OP(sampled_bce_backward)             \
  OP(adam_step)                        \
  OP(segment_sum)                      \
  OP(segment_dot)                      \
  OP(linear_grad_sqnorm)               \
  OP(linear_grad_squares)              \
  OP(row_outer)                        \
  OP(row_square)                       \
  OP(dense_tail_hvp)                   \
  OP(dense_tail_curvature)             \
  OP(dense_tail_lissa)                 \
  OP(item_topk)                        \
  OP(rms_norm_forward)                 \
  OP(rms_norm_backward)                \
  OP(rope_forward)                     \
  OP(swiglu_forward)                   \
  OP(swiglu_backward)                  \
  OP(geglu_forward)                    \
  OP(geglu_backward)                   \
  OP(cross_entropy)

namespace coppice {

// A member function of Device as a function of C, with the device first and the status as result.
template <class Member>
struct DeviceEntry;
template <class... Arguments>
struct DeviceEntry<void (Device::*)(Arguments...)> {
  using Function = int32_t (*)(void* device, Arguments...);
};

// What a device library fills in: functions that return a cop_status and let no exception out.
struct DeviceTable {
  void* device;
  const char* description;          // one line, as long as the device lives
  void* stream;                     // a cudaStream_t, as long as the device lives
  const char* (*last_error)(void);  // of this thread
  void (*close)(void* device);
  int32_t (*alloc)(void* device, int64_t bytes, void** out);
  void (*free)(void* device, void* ptr, int64_t bytes);
  int32_t (*step_use)(void* device, int32_t T, const cop_step* step);
#define COP_TABLE_ENTRY(op) DeviceEntry<decltype(&Device::op)>::Function op;
  COP_DEVICE_OPS(COP_TABLE_ENTRY)
#undef COP_TABLE_ENTRY
};

// EveryOp<Base> overrides each operation of the list by Base::perform(name, entry of the table, arguments...).
#define COP_OVERRIDE(op)                                                                             \
  template <class Next, class Member>                                                                \
  class Override_##op;                                                                               \
  template <class Next, class... Arguments>                                                          \
  class Override_##op<Next, void (Device::*)(Arguments...)> : public Next {                          \
   public:                                                                                           \
    using Next::Next;                                                                                \
    void op(Arguments... arguments) override { this->perform(#op, &DeviceTable::op, arguments...); } \
  };                                                                                                 \
  struct Layer_##op {                                                                                \
    template <class Next>                                                                            \
    using Over = Override_##op<Next, decltype(&Device::op)>;                                         \
  };
COP_DEVICE_OPS(COP_OVERRIDE)
#undef COP_OVERRIDE

template <class Base, class... Layers>
struct Stack {
  using Type = Base;
};
template <class Base, class First, class... Rest>
struct Stack<Base, First, Rest...> {
  using Type = typename First::template Over<typename Stack<Base, Rest...>::Type>;
};
struct NoLayer {
  template <class Next>
  using Over = Next;
};
#define COP_LAYER(op) Layer_##op,
template <class Base>
using EveryOp = typename Stack<Base, COP_DEVICE_OPS(COP_LAYER) NoLayer>::Type;
#undef COP_LAYER

}  // namespace coppice

// The one function of a device library. `table_bytes` is sizeof(DeviceTable) as the caller knows it. `number` is the
// device's number, or the emulation's schedule. A failure's message is copied to `message`.
using CopDeviceOpen = int32_t (*)(int32_t abi_version, int64_t table_bytes, int32_t number, coppice::DeviceTable* out,
                                  char* message, int64_t message_bytes);
