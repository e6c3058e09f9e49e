// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A data folder and a language model that are pruned in about a second. */
public final class SmallRun {
  private SmallRun() {}

  /** Writes {@code data} and {@code llm}. */
  public static void write(Path folder, int users) throws IOException {
    data(folder.resolve("data"), users);
    new DemoModel(16, 2, 2, 1, 24, 512).write(folder.resolve("llm"), 1);
  }

  /** Writes them with a model whose macro-batches take some tenths of a second each. */
  public static void writeSlow(Path folder, int users) throws IOException {
    data(folder.resolve("data"), users);
    new DemoModel(192, 6, 4, 2, 576, 512).write(folder.resolve("llm"), 1);
  }

  /** Writes a data folder. */
  public static void data(Path folder, int users) throws IOException {
    new DemoData(1, users, 3).write(folder);
  }

  /** Arguments of {@code coppice prune}, without a language model. */
  public static List<String> prune(Path folder, String... more) {
    List<String> args = new ArrayList<>(List.of("prune"));
    args.addAll(List.of("--data", folder.resolve("data").toString()));
    args.addAll(List.of("--out", folder.resolve("run").toString()));
    args.addAll(List.of("--epochs", "4", "--eval-every", "2", "--batch", "16", "--hidden", "8"));
    args.addAll(List.of("--max-len", "10", "--n", "10", "--strata", "5", "--threads", "1"));
    args.addAll(List.of(more));
    return args;
  }

  /** The same with the language model. */
  public static List<String> pruneWithLlm(Path folder, String... more) {
    List<String> args = prune(folder, "--llm", folder.resolve("llm").toString());
    args.addAll(List.of("--memory", "3MiB"));
    args.addAll(List.of(more));
    return args;
  }
}
