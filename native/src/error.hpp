// SPDX-License-Identifier: Apache-2.0
// Errors inside the library are exceptions; guard() turns them into a status at the C boundary.
#pragma once
#include <stdexcept>
#include <string>

#include "coppice/coppice.h"

namespace coppice {

struct Error : std::runtime_error {
  Error(cop_status code, const std::string& message) : std::runtime_error(message), status(code) {}
  cop_status status;
};

int32_t translate_current_exception() noexcept;

template <class Body>
int32_t guard(Body body) noexcept {
  try {
    body();
    return COP_OK;
  } catch (...) {
    return translate_current_exception();
  }
}

#ifdef COPPICE_FAULTS
void fault_point(const char* name);
#endif

}  // namespace coppice

#define COP_STR_(x) #x
#define COP_STR(x) COP_STR_(x)
#define COP_HERE " [" __FILE_NAME__ ":" COP_STR(__LINE__) "]"

// Checks an argument; the message names the rule that was broken.
#define COP_REQUIRE(condition)                                                                       \
  do {                                                                                               \
    if (!(condition)) throw ::coppice::Error(COP_INVALID_ARGUMENT, "requires " #condition COP_HERE); \
  } while (0)

// A place where a test can make the library fail; nothing in a release build.
#ifdef COPPICE_FAULTS
#define COP_FAULT_POINT(name) ::coppice::fault_point(name)
#else
#define COP_FAULT_POINT(name) ((void)0)
#endif
