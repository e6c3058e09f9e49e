// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetrainingStoreTest {
  private static final List<String> LOSSES = List.of("train_loss", "valid_loss");

  @TempDir Path folder;

  private RetrainingStore store(String epochs) {
    return new RetrainingStore(folder, Map.of("epochs", epochs), LOSSES);
  }

  @Test
  void findsWhatWasSavedForTheSameInputsSeedAndSet() throws IOException {
    int[] removed = {1, 4};
    double[] measured = {1.0 / 3, -2.5e-17};
    store("3").save(7, removed, measured, 0.25);
    assertArrayEquals(measured, store("3").find(7, new int[] {1, 4}).orElseThrow());
    assertTrue(store("4").find(7, removed).isEmpty(), "other inputs");
    assertTrue(store("3").find(8, removed).isEmpty(), "another seed");
    assertTrue(store("3").find(7, new int[] {1, 5}).isEmpty(), "another set");
    assertTrue(store("3").find(7, new int[] {}).isEmpty(), "nothing removed");
    assertFalse(store("3").weights(7, removed).equals(store("3").weights(8, removed)));
  }

  @Test
  void namesADamagedFile() throws IOException {
    store("3").save(7, new int[] {2}, new double[] {1, 2}, 0);
    Path file = store("3").place(7, new int[] {2});
    Files.writeString(file, "{\"train_loss\": 1}");
    String message =
        assertThrows(InputException.class, () -> store("3").find(7, new int[] {2})).getMessage();
    assertEquals(file + ": has no number \"valid_loss\"; delete the file", message);
    Files.writeString(file, "{\"train_loss\": ");
    assertThrows(InputException.class, () -> store("3").find(7, new int[] {2}));
  }
}
