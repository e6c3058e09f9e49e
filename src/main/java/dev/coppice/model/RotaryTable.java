// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.data.RotaryAngles;

/**
 * Cosines and sines of the rotary angles of P positions, each times the angles' factor. Where texts
 * may be long ones, for which other angles hold, those of long texts come after the P others.
 *
 * @param positions P
 * @param cosines (P or 2P,R/2)
 * @param sines (P or 2P,R/2)
 */
record RotaryTable(RotaryAngles angles, int positions, Tensor cosines, Tensor sines) {

  /**
   * Reserves a table.
   *
   * @param rows P or 2P
   */
  static RotaryTable allocate(Allocator allocator, RotaryAngles angles, int positions, int rows) {
    int pairs = angles.frequencies().size();
    return new RotaryTable(
        angles, positions, allocator.f32(rows, pairs), allocator.f32(rows, pairs));
  }

  /** Computes the table, in float64. */
  void write() {
    int pairs = cosines.dim(1);
    double[] cos = new double[Math.toIntExact(cosines.size())];
    double[] sin = new double[cos.length];
    for (int c = 0; c < pairs; c++) {
      for (int i = c, row = 0; i < cos.length; i += pairs, row++) {
        boolean isLong = row >= positions;
        double frequency = (isLong ? angles.longFrequencies() : angles.frequencies()).get(c);
        double angle = (isLong ? row - positions : row) * frequency;
        cos[i] = angles.factor() * Math.cos(angle);
        sin[i] = angles.factor() * Math.sin(angle);
      }
    }
    cosines.write(cos);
    sines.write(sin);
  }
}
