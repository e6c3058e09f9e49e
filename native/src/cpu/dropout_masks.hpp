// SPDX-License-Identifier: Apache-2.0
// Dropout masks that were drawn last: a backward pass needs those of its forward pass again, and a mask is a function
// of its key alone, so remembering it changes nothing but time.
#pragma once
#include <cstdint>

namespace coppice {

class DropoutMasks {
 public:
  struct Key {
    float p;
    int32_t step;
    int64_t seed, first;
    int32_t site, T, D;
    bool operator==(const Key& other) const;
  };

  DropoutMasks() = default;
  ~DropoutMasks();
  DropoutMasks(const DropoutMasks&) = delete;
  DropoutMasks& operator=(const DropoutMasks&) = delete;

  // Memory of so many words for the mask of a key, valid until kRemembered other keys were asked for. When `drawn`, it
  // holds the mask; else the caller draws it there. Throws std::bad_alloc.
  uint16_t* of(const Key& key, int64_t words, bool* drawn);

 private:
  static constexpr int kRemembered = 16;  // those of a forward pass of seven layers
  struct Place {
    Key key;
    uint16_t* words;
    int64_t room;
  };
  Place places_[kRemembered] = {};
  int next_ = 0;  // the place that was given longest ago
};

}  // namespace coppice
