// SPDX-License-Identifier: Apache-2.0
// Barriers and warp collectives. The lanes of a collective leave a pointer to their argument; the last one to arrive
// computes the result of all.
#pragma once
#include <cstring>

#include "builtins.h"
#include "fault.h"

namespace emulation {

enum class Vote { kNone, kOr, kAnd, kCount };

using LaneFunction = void (*)(unsigned mask, void* const* arguments);

// Waits until all lanes of `mask` have called this from the same place; `function` is called once, by the last.
void warp_collective(const char* name, unsigned mask, void* argument, LaneFunction function, Place place);
int block_barrier(const char* name, int predicate, Vote vote, Place place);
void device_fence();
void yield();

// F::run(mask, In* in[32], Out* out[32]) with null for lanes outside of the mask
template <class F, class In, class Out>
Out exchange(const char* name, unsigned mask, const In& value, Place place) {
  struct Argument {
    In in;
    Out out;
  } own{value, Out{}};
  const LaneFunction function = [](unsigned lanes, void* const* arguments) {
    In* in[32];
    Out* out[32];
    for (int lane = 0; lane < 32; ++lane) {
      Argument* argument = static_cast<Argument*>(arguments[lane]);
      in[lane] = argument != nullptr ? &argument->in : nullptr;
      out[lane] = argument != nullptr ? &argument->out : nullptr;
    }
    F::run(lanes, in, out);
  };
  warp_collective(name, mask, &own, function, place);
  return own.out;
}

template <class T>
struct ShuffleInput {
  T value;
  int operand, width;
};

// Source::lane(lane, first lane of its segment, operand, width)
template <class Source>
struct Shuffle {
  template <class T>
  static void run(unsigned, ShuffleInput<T>** in, T** out) {
    for (int lane = 0; lane < 32; ++lane) {
      if (in[lane] == nullptr) continue;
      const int width = in[lane]->width;
      if (width < 1 || width > 32 || (width & (width - 1)) != 0) fault("shuffle: width %d", width);
      const int source = Source::lane(lane, lane & ~(width - 1), in[lane]->operand, width);
      if (in[source] == nullptr) fault("shuffle: lane %d reads lane %d, which is not in the mask", lane, source);
      *out[lane] = in[source]->value;
    }
  }
};
struct FromIndex {
  static int lane(int, int first, int operand, int width) { return first + (operand & (width - 1)); }
};
struct FromBelow {
  static int lane(int lane, int first, int operand, int) { return lane - operand < first ? lane : lane - operand; }
};
struct FromAbove {
  static int lane(int lane, int first, int operand, int width) {
    return lane + operand >= first + width ? lane : lane + operand;
  }
};
struct FromXor {
  static int lane(int lane, int first, int operand, int width) {
    return (lane ^ operand) >= first + width ? lane : lane ^ operand;
  }
};

template <class Source, class T>
T shuffle(const char* name, unsigned mask, T value, int operand, int width, Place place) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "a shuffle moves 4 or 8 bytes");
  return exchange<Shuffle<Source>, ShuffleInput<T>, T>(name, mask, {value, operand, width}, place);
}

struct Ballot {
  static void run(unsigned, int** in, unsigned** out) {
    unsigned votes = 0;
    for (int lane = 0; lane < 32; ++lane) {
      if (in[lane] != nullptr && *in[lane] != 0) votes |= 1u << lane;
    }
    for (int lane = 0; lane < 32; ++lane) {
      if (out[lane] != nullptr) *out[lane] = votes;
    }
  }
};

template <class Combine>
struct Reduce {
  template <class T>
  static void run(unsigned, T** in, T** out) {
    T total{};
    bool first = true;
    for (int lane = 0; lane < 32; ++lane) {
      if (in[lane] == nullptr) continue;
      total = first ? *in[lane] : Combine::of(total, *in[lane]);
      first = false;
    }
    for (int lane = 0; lane < 32; ++lane) {
      if (out[lane] != nullptr) *out[lane] = total;
    }
  }
};
struct Add {
  template <class T>
  static T of(T a, T b) {
    return a + b;
  }
};
struct Least {
  template <class T>
  static T of(T a, T b) {
    return b < a ? b : a;
  }
};
struct Greatest {
  template <class T>
  static T of(T a, T b) {
    return a < b ? b : a;
  }
};

}  // namespace emulation

#define EMULATION_PLACE ::emulation::Place place = ::emulation::Place::here()

inline void __syncthreads(EMULATION_PLACE) {
  emulation::block_barrier("__syncthreads", 0, emulation::Vote::kNone, place);
}
inline int __syncthreads_or(int predicate, EMULATION_PLACE) {
  return emulation::block_barrier("__syncthreads_or", predicate, emulation::Vote::kOr, place);
}
inline int __syncthreads_and(int predicate, EMULATION_PLACE) {
  return emulation::block_barrier("__syncthreads_and", predicate, emulation::Vote::kAnd, place);
}
inline int __syncthreads_count(int predicate, EMULATION_PLACE) {
  return emulation::block_barrier("__syncthreads_count", predicate, emulation::Vote::kCount, place);
}
inline void __syncwarp(unsigned mask = ~0u, EMULATION_PLACE) {
  emulation::warp_collective("__syncwarp", mask, nullptr, nullptr, place);
}
inline void __threadfence() { emulation::device_fence(); }
inline void __nanosleep(unsigned) { emulation::yield(); }

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, EMULATION_PLACE) {
  return emulation::shuffle<emulation::FromIndex>("__shfl_sync", mask, value, source, width, place);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATION_PLACE) {
  return emulation::shuffle<emulation::FromBelow>("__shfl_up_sync", mask, value, static_cast<int>(delta), width, place);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATION_PLACE) {
  return emulation::shuffle<emulation::FromAbove>("__shfl_down_sync", mask, value, static_cast<int>(delta), width,
                                                  place);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, EMULATION_PLACE) {
  return emulation::shuffle<emulation::FromXor>("__shfl_xor_sync", mask, value, lanes, width, place);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, EMULATION_PLACE) {
  return emulation::exchange<emulation::Ballot, int, unsigned>("__ballot_sync", mask, predicate, place);
}
inline int __any_sync(unsigned mask, int predicate, EMULATION_PLACE) {
  return emulation::exchange<emulation::Ballot, int, unsigned>("__any_sync", mask, predicate, place) != 0;
}
inline int __all_sync(unsigned mask, int predicate, EMULATION_PLACE) {
  return emulation::exchange<emulation::Ballot, int, unsigned>("__all_sync", mask, predicate, place) == mask;
}
template <class T>
T __reduce_add_sync(unsigned mask, T value, EMULATION_PLACE) {
  return emulation::exchange<emulation::Reduce<emulation::Add>, T, T>("__reduce_add_sync", mask, value, place);
}
template <class T>
T __reduce_min_sync(unsigned mask, T value, EMULATION_PLACE) {
  return emulation::exchange<emulation::Reduce<emulation::Least>, T, T>("__reduce_min_sync", mask, value, place);
}
template <class T>
T __reduce_max_sync(unsigned mask, T value, EMULATION_PLACE) {
  return emulation::exchange<emulation::Reduce<emulation::Greatest>, T, T>("__reduce_max_sync", mask, value, place);
}
