// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

#include "error.hpp"

namespace coppice {
namespace {

[[noreturn]] void no_graphs() {
  throw Error(COP_UNSUPPORTED, "this device has no graphs: give it the operations one by one");
}

}  // namespace

Device::~Device() = default;
// Here, like the destructor: a copy in an object of one instruction set would be called on all machines.
void* Device::stream() const { return nullptr; }
void Device::step_use(int32_t, const cop_step*) { no_graphs(); }
void Device::graph_begin() { no_graphs(); }
void Device::graph_end(void**) { no_graphs(); }
void Device::graph_launch(void*) { no_graphs(); }
void Device::graph_free(void*) { no_graphs(); }

}  // namespace coppice
