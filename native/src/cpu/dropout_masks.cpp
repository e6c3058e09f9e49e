// SPDX-License-Identifier: Apache-2.0
#include "dropout_masks.hpp"

#include <cstdlib>
#include <new>

namespace coppice {

bool DropoutMasks::Key::operator==(const Key& other) const {
  return p == other.p && step == other.step && seed == other.seed && first == other.first && site == other.site &&
         T == other.T && D == other.D;
}

DropoutMasks::~DropoutMasks() {
  for (Place& place : places_) std::free(place.words);
}

uint16_t* DropoutMasks::of(const Key& key, int64_t words, bool* drawn) {
  for (const Place& place : places_) {
    *drawn = place.words != nullptr && place.key == key;
    if (*drawn) return place.words;
  }
  Place& place = places_[next_];
  if (place.room < words) {
    std::free(place.words);
    place = {};
    place.words = static_cast<uint16_t*>(std::malloc(static_cast<size_t>(words) * sizeof(uint16_t)));
    if (place.words == nullptr) throw std::bad_alloc();
    place.room = words;
  }
  place.key = key;
  next_ = (next_ + 1) % kRemembered;
  return place.words;
}

}  // namespace coppice
