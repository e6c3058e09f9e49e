// SPDX-License-Identifier: Apache-2.0
#include "error.hpp"

#include <new>

namespace coppice {
namespace {

thread_local std::string last_error;

void set_last_error(const char* message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();
  }
}

}  // namespace

int32_t translate_current_exception() noexcept {
  try {
    throw;
  } catch (const Error& e) {
    set_last_error(e.what());
    return e.status;
  } catch (const std::bad_alloc&) {
    set_last_error("host memory exhausted");
    return COP_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    set_last_error(e.what());
    return COP_INTERNAL;
  } catch (...) {
    set_last_error("unknown exception");
    return COP_INTERNAL;
  }
}

#ifdef COPPICE_FAULTS
namespace {
std::string armed_point;
int32_t armed_countdown = 0;
cop_status armed_status = COP_OK;
}  // namespace

void fault_point(const char* name) {
  if (armed_countdown > 0 && armed_point == name && --armed_countdown == 0) {
    throw Error(armed_status, std::string("injected fault at ") + name);
  }
}
#endif

}  // namespace coppice

const char* cop_last_error(void) { return coppice::last_error.c_str(); }

int32_t cop_fault_arm(const char* point, int32_t n, int32_t status) {
  return coppice::guard([&] {
#ifdef COPPICE_FAULTS
    COP_REQUIRE(point != nullptr && n >= 0);
    COP_REQUIRE(status >= COP_INVALID_ARGUMENT && status <= COP_INTERNAL);
    coppice::armed_point = point;
    coppice::armed_countdown = n;
    coppice::armed_status = static_cast<cop_status>(status);
#else
    (void)point, (void)n, (void)status;
    throw coppice::Error(COP_UNSUPPORTED, "fault injection needs a build with COPPICE_FAULTS");
#endif
  });
}
