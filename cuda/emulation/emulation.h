// SPDX-License-Identifier: Apache-2.0
// CUDA for g++: what gpu.h includes in the place of the CUDA headers.
#pragma once
#include "arithmetic.h"
#include "async_copy.h"
#include "atomics.h"
#include "builtins.h"
#include "collectives.h"
#include "host_api.h"
#include "shared.h"
#include "tensor_core.h"
