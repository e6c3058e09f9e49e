// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.data.RotaryAngles;

/**
 * Cosines and sines of the rotary angles of P positions, each times the angles' factor.
 *
 * @param cosines (P,R/2)
 * @param sines (P,R/2)
 */
record RotaryTable(RotaryAngles angles, Tensor cosines, Tensor sines) {

  static RotaryTable allocate(Allocator allocator, RotaryAngles angles, int positions) {
    int pairs = angles.frequencies().size();
    return new RotaryTable(
        angles, allocator.f32(positions, pairs), allocator.f32(positions, pairs));
  }

  /** Computes the table, in float64. */
  void write() {
    int pairs = cosines.dim(1);
    double[] cos = new double[Math.toIntExact(cosines.size())];
    double[] sin = new double[cos.length];
    for (int c = 0; c < pairs; c++) {
      double frequency = angles.frequencies().get(c);
      for (int i = c, p = 0; i < cos.length; i += pairs, p++) {
        cos[i] = angles.factor() * Math.cos(p * frequency);
        sin[i] = angles.factor() * Math.sin(p * frequency);
      }
    }
    cosines.write(cos);
    sines.write(sin);
  }
}
