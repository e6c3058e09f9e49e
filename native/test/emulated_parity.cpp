// SPDX-License-Identifier: Apache-2.0
// Every operation on the emulated CUDA device against the CPU, with the same arguments: results within a bound, and the
// same bits in every order of threads. Each argument is an allocation of its own and of the exact size, as is each
// shared array, so in a sanitized build no access of a kernel beyond them goes unseen.
//
//   emulated_parity [trials of each operation [first seed [operation]]]
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "trial.hpp"

namespace {

constexpr int kSchedules[] = {1, 2, 3, 4};
constexpr uint64_t kScheduleCount = sizeof kSchedules / sizeof kSchedules[0];

// A device of its own for each trial: its memory between kernels is then as large as the operation asked for.
struct Run {
  Run(const Call& call, uint64_t seed, int32_t device, int32_t number) {
    if (cop_context_create(device, number, &context) != COP_OK) {
      std::printf("no device: %s\n", cop_last_error());
      std::exit(1);
    }
    trial = std::make_unique<Trial>(context, seed, Mode::kPlain, device == COP_CPU ? Place::kHost : Place::kDevice);
    call.run(*trial);
  }
  ~Run() {
    trial.reset();
    cop_context_destroy(context);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  cop_context* context = nullptr;
  std::unique_ptr<Trial> trial;
};

const char* difference(const std::vector<Trial::Output>& expected, const std::vector<Trial::Output>& actual) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const bool agrees = expected[i].floats ? close(expected[i], actual[i]) : same_bits(expected[i], actual[i]);
    if (!agrees) return "differs from the CPU";
  }
  return nullptr;
}

// What is wrong with the call on the emulated device, or nothing. Two schedules see each set of arguments.
std::string complaint(const Call& call, uint64_t seed) {
  const Run cpu(call, seed, COP_CPU, 1);
  const Run one(call, seed, COP_EMULATED, kSchedules[seed % kScheduleCount]);
  const Run other(call, seed, COP_EMULATED, kSchedules[(seed + 1) % kScheduleCount]);
  for (const Run* run : {&cpu, &one, &other}) {
    if (!run->trial->failure().empty()) return run->trial->failure();
  }
  const std::vector<Trial::Output> a = one.trial->outputs(), b = other.trial->outputs();
  const char* wrong = difference(cpu.trial->outputs(), a);
  if (wrong != nullptr) return wrong;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!same_bits(a[i], b[i])) return "another order of threads gives other bits";
  }
  return "";
}

}  // namespace

int main(int count, char** arguments) {
  const int trials = count > 1 ? std::atoi(arguments[1]) : 32;
  const uint64_t first = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 0;
  int operations = 0, failures = 0;
  for (const Call& call : all_calls()) {
    if (count > 3 && std::strcmp(arguments[3], call.name) != 0) continue;
    if (std::strcmp(call.name, "symmetric_solve") == 0) continue;  // works on host memory, whatever the device
    ++operations;
    for (uint64_t seed = first; seed < first + static_cast<uint64_t>(trials); ++seed) {
      const std::string text = complaint(call, seed);
      if (text.empty()) continue;
      ++failures;
      std::printf("%s, seed %llu: %s\n", call.name, static_cast<unsigned long long>(seed), text.c_str());
    }
  }
  std::printf("%d operations on the emulated device, %d trials each: %d failures\n", operations, trials, failures);
  return operations > 0 && failures == 0 ? 0 : 1;
}
