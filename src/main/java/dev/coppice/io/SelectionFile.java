// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** A selection as text: one sample id a line, ascending. */
public final class SelectionFile {
  private SelectionFile() {}

  /**
   * Replaces a file by a selection.
   *
   * @param samples different sample ids, in any order
   * @throws IllegalArgumentException if an id is negative or appears twice
   * @throws IOException if writing fails; the file is then as before
   */
  public static void write(Path file, int[] samples) throws IOException {
    int[] ascending = samples.clone();
    Arrays.sort(ascending);
    StringBuilder text = new StringBuilder();
    int previous = -1;
    for (int sample : ascending) {
      if (sample <= previous) {
        throw new IllegalArgumentException("sample " + sample + " is negative or appears twice");
      }
      text.append(sample).append('\n');
      previous = sample;
    }
    AtomicFile.write(
        file, stream -> stream.write(text.toString().getBytes(StandardCharsets.US_ASCII)));
  }
}
