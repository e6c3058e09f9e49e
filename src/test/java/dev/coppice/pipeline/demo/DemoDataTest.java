// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.AlpacaRecord;
import dev.coppice.data.Dataset;
import dev.coppice.data.Loss;
import dev.coppice.data.PromptText;
import dev.coppice.data.TokenSample;
import dev.coppice.io.DataFolder;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.PromptTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The made-up files are what real ones would be, and the same for the same seed. */
class DemoDataTest {
  @TempDir Path folder;

  @Test
  void makesADataFolderThatPassesEveryCheck() throws IOException {
    new DemoData(42, 2000, DemoTitles.TASTES).write(folder);
    Dataset dataset = DataFolder.read(folder);
    assertEquals(2000, dataset.samples());
    assertEquals(1000, dataset.items());
    assertFalse(dataset.prompt().generic());
    Set<String> titles = new HashSet<>(Arrays.asList(dataset.titles()).subList(1, 1001));
    assertEquals(1000, titles.size(), "no title twice");
    int single = 0;
    int[] count = new int[dataset.items() + 1];
    for (int user = 0; user < dataset.samples(); user++) {
      single += dataset.train().length(user) == 1 ? 1 : 0;
      assertEquals(1, dataset.valid().length(user));
      assertEquals(1, dataset.test().length(user));
    }
    assertTrue(single > 10 && single < 100, single + " unscorable samples");
    for (int item : dataset.train().items()) {
      count[item]++;
    }
    Arrays.sort(count);
    assertTrue(count[count.length - 1] > 8 * count[count.length / 2], "popular items stand out");
  }

  @Test
  void givesTheSameFilesForTheSameSeedAndOthersForAnother() throws IOException {
    for (String name : new String[] {"a", "b"}) {
      new DemoData(7, 50, 4).write(folder.resolve(name));
      DemoModel.TINY.write(folder.resolve(name), 7);
    }
    new DemoData(8, 50, 4).write(folder.resolve("c"));
    DemoModel.TINY.write(folder.resolve("c"), 8);
    for (String file :
        new String[] {"train.txt", "items.tsv", "model.safetensors", "tokenizer.json"}) {
      byte[] first = Files.readAllBytes(folder.resolve("a").resolve(file));
      assertArrayEquals(first, Files.readAllBytes(folder.resolve("b").resolve(file)), file);
      boolean same = Arrays.equals(first, Files.readAllBytes(folder.resolve("c").resolve(file)));
      assertEquals(file.equals("items.tsv") || file.equals("tokenizer.json"), same, file);
    }
  }

  @Test
  void theTokenizerSpellsBytes() throws IOException {
    DemoModel.TINY.write(folder, 1);
    AlpacaRecord record = new AlpacaRecord("Recommend.", "Café; \u0000\u007f\u00ad\u00ff", "Fjörd");
    byte[] bytes = PromptText.render(record).getBytes(StandardCharsets.UTF_8);
    try (PromptTokenizer tokenizer = PromptTokenizer.openModel(folder)) {
      TokenSample sample = tokenizer.tokenize(record, 0, 512, Loss.ALL);
      int[] expected = new int[bytes.length + 2];
      expected[0] = DemoTokenizer.BOS;
      expected[bytes.length + 1] = DemoTokenizer.EOS;
      for (int i = 0; i < bytes.length; i++) {
        expected[i + 1] = 3 + (bytes[i] & 0xff);
      }
      assertArrayEquals(expected, sample.inputIds());
    }
  }

  @Test
  void theModelPassesTheLoadersChecks() throws IOException {
    DemoModel.TINY.write(folder, 1);
    HfCheckpoint checkpoint = HfCheckpoint.open(folder, Optional.empty());
    assertEquals(259, checkpoint.config().vocabulary());
    assertEquals(2, checkpoint.config().layers());
    assertFalse(checkpoint.hasAdapter());
  }
}
