// SPDX-License-Identifier: Apache-2.0
// Proves that the emulation sees each kind of bug: every planted one is run in a process of its own, under several
// schedules, and must be reported as its table says; every control must come through.
//
//   planted_bugs [name]
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "fault.h"
#include "planted.hpp"
#include "schedule.h"

namespace {

constexpr int kSchedules = 10;

// What the child wrote: "right", "wrong", the fault of a kernel, or a sanitizer's report.
std::string output_of(const Planted& planted, int schedule) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    alarm(60);
    emulation::set_schedule(emulation::schedule_of(schedule));
    const bool right = planted.run();
    const cudaError_t error = cudaDeviceSynchronize() != cudaSuccess ? cudaErrorLaunchFailure : cudaGetLastError();
    std::printf("%s\n", error != cudaSuccess ? cudaGetErrorString(error) : right ? kRight : kWrong);
    std::fflush(stdout);
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char piece[4096];
  for (ssize_t n; (n = read(ends[0], piece, sizeof piece)) > 0;) text.append(piece, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) text += " signal " + std::to_string(WTERMSIG(status));
  return text;
}

// Empty when the planted bug is reported, or the control is right.
std::string complaint(const Planted& planted, const char* expected) {
  std::string last;
  for (int schedule = 1; schedule <= kSchedules; ++schedule) {
    last = output_of(planted, schedule);
    const bool found = last.find(expected) != std::string::npos;
    if (expected == kRight && last != "right\n") return "schedule " + std::to_string(schedule) + ": " + last;
    if (expected != kRight && found) return "";
  }
  return expected == kRight ? "" : "'" + std::string(expected) + "' in no schedule; the last: " + last;
}

}  // namespace

int main(int count, char** arguments) {
  int run = 0, failures = 0;
  for (const auto& list :
       {planted_in_barriers(), planted_in_memory(), planted_in_collectives(), planted_in_tensor_cores(),
        planted_in_races(), planted_in_host_code(), planted_in_graphs()}) {
    for (const Planted& planted : list) {
      if (count > 1 && std::strcmp(arguments[1], planted.name) != 0) continue;
#if defined(EMULATION_SANITIZED)
      const char* expected = planted.sanitized;
#elif defined(EMULATION_RACE)
      const char* expected = planted.race;
#else
      const char* expected = planted.plain;
#endif
      if (expected == nullptr) continue;
      ++run;
      const std::string text = complaint(planted, expected);
      if (text.empty()) continue;
      ++failures;
      std::printf("%s: %s\n", planted.name, text.c_str());
    }
  }
  std::printf("%d cases, %d failures\n", run, failures);
  return run > 0 && failures == 0 ? 0 : 1;
}
