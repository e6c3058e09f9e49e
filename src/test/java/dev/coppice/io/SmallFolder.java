// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A correct data folder of three users and five items, to be read or broken. */
final class SmallFolder {
  private SmallFolder() {}

  static void write(Path folder) throws IOException {
    Files.writeString(folder.resolve("train.txt"), "u1 1 2 3\n7 5\nü 4 1\n");
    Files.writeString(folder.resolve("valid.txt"), "u1 4\n7\nü 2 3\n");
    Files.writeString(folder.resolve("test.txt"), "u1\n7 1 2\nü\n");
    Files.writeString(
        folder.resolve("items.tsv"), "1\tOne\n2\tTwo; and a half\n3\tDrei ß\n4\tFour\n5\tFive\n");
  }
}
