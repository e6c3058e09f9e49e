// SPDX-License-Identifier: Apache-2.0
// Every operation on every instruction set that this machine has, with the same arguments: results of AVX2 and AVX-512
// within a bound of the baseline's, results of one and of three threads of each equal in every bit.
//
//   isa_parity [trials of each operation]
#include <cstdio>
#include <cstdlib>

#include "context.hpp"
#include "cpu_isa.hpp"
#include "trial.hpp"

namespace {

struct Isa {
  const char* name;
  coppice::Device* (*make)(int32_t threads);
};

std::vector<Isa> instruction_sets() {
  std::vector<Isa> all{{"base", coppice::base::new_cpu_device}};
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    all.push_back({"avx2", coppice::avx2::new_cpu_device});
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    all.push_back({"avx512", coppice::avx512::new_cpu_device});
  }
  return all;
}

std::unique_ptr<Trial> run(const Isa& isa, int32_t threads, const Call& call, uint64_t seed) {
  static std::vector<std::unique_ptr<cop_context>> contexts;
  contexts.push_back(std::make_unique<cop_context>());
  contexts.back()->device.reset(isa.make(threads));
  auto trial = std::make_unique<Trial>(contexts.back().get(), seed, Mode::kPlain);
  call.run(*trial);
  contexts.pop_back();
  return trial;
}

int failures = 0;

void fail(const Call& call, uint64_t seed, const char* isa, const char* what) {
  std::printf("%s, seed %llu, %s: %s\n", call.name, static_cast<unsigned long long>(seed), isa, what);
  ++failures;
}

void compare(const Call& call, uint64_t seed, const std::vector<Isa>& sets) {
  const std::unique_ptr<Trial> base = run(sets[0], 1, call, seed);
  const std::vector<Trial::Output> expected = base->outputs();
  for (const Isa& isa : sets) {
    const std::unique_ptr<Trial> one = run(isa, 1, call, seed), three = run(isa, 3, call, seed);
    if (!one->failure().empty()) return fail(call, seed, isa.name, one->failure().c_str());
    const std::vector<Trial::Output> a = one->outputs(), b = three->outputs();
    for (size_t i = 0; i < expected.size(); ++i) {
      if (!same_bits(a[i], b[i])) return fail(call, seed, isa.name, "three threads give other bits than one");
      const bool agrees = expected[i].floats ? close(expected[i], a[i]) : same_bits(expected[i], a[i]);
      if (!agrees) return fail(call, seed, isa.name, "differs from the baseline");
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const int trials = count > 1 ? std::atoi(arguments[1]) : 100;
  const std::vector<Isa> sets = instruction_sets();
  for (const Call& call : all_calls()) {
    for (int seed = 0; seed < trials; ++seed) compare(call, static_cast<uint64_t>(seed), sets);
  }
  std::printf("%zu instruction sets, %zu operations, %d trials each: %d failures\n", sets.size(), all_calls().size(),
              trials, failures);
  return failures == 0 ? 0 : 1;
}
