// SPDX-License-Identifier: Apache-2.0
// One call of the C boundary with random arguments. The calls (calls_*.cpp) say how the arguments of each operation
// hang together; a Trial fills them in: plain numbers for comparing devices, numbers with NaN and infinity among them,
// or hostile arguments, of which each may be spoiled in a way that the boundary promises to refuse. Every buffer is a
// heap block of its own and of the exact size, so that an address sanitizer sees any access beyond it.
#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "coppice/coppice.h"

enum class Mode { kPlain, kSpecial, kHostile };
// Where an operation finds its buffers: on the host for the CPU, else each in an allocation of the context's device.
enum class Place { kHost, kDevice };

class Trial {
 public:
  Trial(cop_context* context, uint64_t seed, Mode mode, Place place = Place::kHost)
      : context_(context), state_(seed), mode_(mode), place_(place) {}
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  // Random numbers of the call's own choice: the same for the same seed, whatever the context.
  int32_t below(int32_t bound);  // 0 .. bound-1
  int32_t dim() { return kDims[below(sizeof kDims / sizeof kDims[0])]; }
  int32_t positions();  // as dim, sometimes many: enough for a parallel region
  float number();
  bool coin() { return below(2) == 1; }

  // Arguments; in hostile mode each may be spoiled.
  cop_context* context() { return spoiled() ? nullptr : context_; }
  int32_t size(int64_t value) { return spoiled() ? -1 - below(1000) : static_cast<int32_t>(value); }
  int64_t long_size(int64_t value) { return spoiled() ? -1 - int64_t{below(1000)} : value; }
  int32_t dtype(int32_t value) { return spoiled() ? (coin() ? int32_t{COP_I32} : 4 + below(100)) : value; }
  float rate(float value);
  // One more way in which a call can be refused, such as a step of 0: the call passes something else when told so.
  bool spoiled();

  const float* in(int64_t count);                   // random numbers
  const float* positive(int64_t count);             // in (0, 2]
  const float* whole(int64_t count);                // small integers: sums of products are exact
  const void* in_as(int32_t dtype, int64_t count);  // random numbers in F32, BF16 or F16
  const int32_t* indices(const std::vector<int32_t>& values);
  const int32_t* indices_below(int32_t bound, int64_t count);
  float* out(int64_t count);     // must be written everywhere
  float* in_out(int64_t count);  // random numbers, may be written
  float* in_out_positive(int64_t count);
  int32_t* out_indices(int64_t count);
  double* in_out_doubles(const std::vector<double>& values);
  const float* maybe_in(int64_t count);  // may be left out: null half of the time
  float* maybe_out(int64_t count);

  // The status that `operation` returned: COP_OK, or COP_INVALID_ARGUMENT with nothing changed after spoiling.
  void check(const char* operation, int32_t status);
  void expect(bool condition, const char* what);

  const std::string& failure() const { return failure_; }  // empty: none
  bool refused() const { return refused_; }

  // What was written, in the order of the arguments' evaluation, which is the same for the same seed and mode.
  struct Output {
    const unsigned char* data;
    int64_t bytes;
    bool floats;
  };
  std::vector<Output> outputs() const;

 private:
  static constexpr int32_t kDims[] = {0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65};

  struct Buffer {
    std::unique_ptr<unsigned char[]> data;
    std::unique_ptr<unsigned char[]> before;  // of an output: what it held
    int64_t bytes;
    bool must_be_written;
    bool floats;
    void* on_device;  // null on the host
  };

  uint64_t next();
  enum class Kind { kIn, kOut, kInOut };
  enum class Element { kFloat, kOther };
  // A block with `content`, or canaries when that is null.
  unsigned char* buffer(const void* content, int64_t bytes, Kind kind, Element element);
  unsigned char* argument(const void* content, int64_t bytes, Kind kind, Element element) {
    return spoiled() ? nullptr : buffer(content, bytes, kind, element);
  }
  std::vector<float> numbers(int64_t count);
  void move_to_device(Buffer& buffer);
  void read_back();

  cop_context* context_;
  uint64_t state_;
  Mode mode_;
  Place place_;
  bool refused_ = false;
  std::string failure_;
  std::vector<Buffer> buffers_;
};

// Of two devices. Both sum up to a thousand terms that partly cancel, in orders of their own, each rounding with 2^-24:
// the difference stays below 2e-5 of the largest element with a margin of ten, and a wrong term is far above it.
bool close(const Trial::Output& a, const Trial::Output& b);
bool same_bits(const Trial::Output& a, const Trial::Output& b);

struct Call {
  const char* name;
  void (*run)(Trial&);
};

// All operations that take tensors; calls_*.cpp.
std::vector<Call> core_calls();
std::vector<Call> surrogate_calls();
std::vector<Call> influence_calls();
std::vector<Call> language_calls();
inline std::vector<Call> all_calls() {
  std::vector<Call> calls = core_calls();
  for (const Call& call : surrogate_calls()) calls.push_back(call);
  for (const Call& call : influence_calls()) calls.push_back(call);
  for (const Call& call : language_calls()) calls.push_back(call);
  return calls;
}

// Samples of 0 .. longest positions: offsets (B+1).
std::vector<int32_t> random_offsets(Trial& t, int32_t samples, int32_t longest);
