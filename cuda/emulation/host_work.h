// SPDX-License-Identifier: Apache-2.0
// Work that a library which is not ours puts on a stream of the emulated device: on a GPU cuBLAS, in tests its double.
#pragma once
#include <cstdint>

// Tells the emulation that device memory has got a value.
using EmulatedWrote = void (*)(void* address, int64_t bytes);

// Queues `work(argument)` behind what the stream (a cudaStream_t of cop_context_stream) has; device memory is open
// while it runs. 0, or the cudaError_t of a kernel that failed before.
using EmulatedSubmit = int32_t (*)(void* stream, void (*work)(void* argument, EmulatedWrote wrote), void* argument);
