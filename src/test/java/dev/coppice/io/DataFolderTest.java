// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coppice.SharedData;
import dev.coppice.data.Dataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {
  @TempDir Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    SmallFolder.write(folder);
  }

  @Test
  void readsUsersItemsAndTitles() {
    Dataset dataset = DataFolder.read(folder);
    assertEquals(List.of("u1", "7", "ü"), dataset.users());
    assertEquals(3, dataset.samples());
    assertEquals(5, dataset.items());
    assertArrayEquals(new int[] {0, 3, 4, 6}, dataset.train().offsets());
    assertArrayEquals(new int[] {1, 2, 3, 5, 4, 1}, dataset.train().items());
    assertArrayEquals(new int[] {0, 1, 1, 3}, dataset.valid().offsets());
    assertArrayEquals(new int[] {0, 0, 2, 2}, dataset.test().offsets());
    assertArrayEquals(new int[] {1, 2}, dataset.test().items());
    assertArrayEquals(
        new String[] {null, "One", "Two; and a half", "Drei ß", "Four", "Five"}, dataset.titles());
    assertEquals(Optional.empty(), dataset.negatives());
    assertTrue(dataset.prompt().generic());
  }

  @Test
  void readsPromptAndNegativesWherePresent() throws IOException {
    Files.writeString(
        folder.resolve("prompt.json"),
        "{\"instruction\": \"Do\", \"input\": \"Had {history}.\", \"separator\": \" | \"}");
    Files.writeString(folder.resolve("negatives.txt"), "u1 4 5\n7\nü 2\n");
    Dataset dataset = DataFolder.read(folder);
    assertEquals("Do", dataset.prompt().instruction());
    assertEquals("Had {history}.", dataset.prompt().input());
    assertEquals(" | ", dataset.prompt().separator());
    assertFalse(dataset.prompt().generic());
    assertArrayEquals(new int[] {4, 5, 2}, dataset.negatives().orElseThrow().items());
    assertArrayEquals(new int[] {0, 2, 2, 3}, dataset.negatives().orElseThrow().offsets());
  }

  @Test
  void takesTabsDoubleSpacesCarriageReturnsAndAMissingLastLineBreak() throws IOException {
    Dataset plain = DataFolder.read(folder);
    Files.writeString(folder.resolve("train.txt"), "u1\t1  2 3 \r\n7 5\r\nü 4 1");
    Files.writeString(
        folder.resolve("items.tsv"), "5\tFive\r\n1\tOne\n3\tDrei ß\n4\tFour\n2\tTwo; and a half");
    Dataset other = DataFolder.read(folder);
    assertArrayEquals(plain.train().items(), other.train().items());
    assertArrayEquals(plain.train().offsets(), other.train().offsets());
    assertArrayEquals(plain.titles(), other.titles());
  }

  @Test
  void readsTheGamesData() {
    assumeTrue(SharedData.root().isPresent(), "no shared data");
    Dataset dataset = DataFolder.read(SharedData.root().get().resolve("data/games"));
    assertEquals(49_156, dataset.samples());
    assertEquals(17_332, dataset.items());
    assertEquals(349_143 - 49_156, dataset.train().items().length);
    assertFalse(dataset.prompt().generic());
  }
}
