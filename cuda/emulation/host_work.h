// SPDX-License-Identifier: Apache-2.0
// Work that a library which is not ours puts on a stream of the emulated device: on a GPU cuBLAS, in tests its double.
#pragma once
#include <cstdint>

// Tells the emulation that device memory has got a value.
using EmulatedWrote = void (*)(void* address, int64_t bytes);

// Queues `work(argument)` behind what the stream (a cudaStream_t of cop_context_stream) has; device memory is open
// while it runs. It runs once, or as often as a graph it is recorded in is launched; `release(argument)` follows when
// it can run no more, also where the call fails. 0, or a cudaError_t.
using EmulatedSubmit = int32_t (*)(void* stream, void (*work)(void* argument, EmulatedWrote wrote),
                                   void (*release)(void* argument), void* argument);
