// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.ConfigException;
import dev.coppice.io.JsonFile;
import dev.coppice.pipeline.EffortOptions;
import dev.coppice.pipeline.InfluenceOptions;
import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.Progress;
import dev.coppice.pipeline.Prune;
import dev.coppice.pipeline.PruneOptions;
import dev.coppice.pipeline.RunOptions;
import dev.coppice.pipeline.SelectOptions;
import dev.coppice.pipeline.StopRequest;
import dev.coppice.pipeline.TrainOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Makes a small data set and a tiny language model, and prunes with them. */
public final class Demo {
  /** Changes when the same seed gives other files. */
  private static final int FORMAT = 1;

  private static final int USERS = 2000;
  private static final String MARKER = "demo.json";

  /** Small steps, since the data set has few samples. */
  static final TrainOptions TRAIN = new TrainOptions(40, 5, 0, 64, 2e-3, 64, 2, 2, 20, 0.2, 0);

  private static final SelectOptions SELECT = new SelectOptions(100, 0.3, 50, 0.1, "coverage");

  private Demo() {}

  /**
   * Runs the demonstration in a folder, or goes on with it.
   *
   * @param out holds {@code data}, {@code llm} and {@code run}
   * @return the summary of the run
   * @throws ConfigException if the folder holds something else
   * @throws IOException if a file cannot be written
   */
  public static Outcome run(Path out, RunOptions options, Progress progress, StopRequest stop)
      throws IOException {
    Path marker = out.resolve(MARKER);
    requireOurs(out, marker);
    if (!isMade(marker, options.seed())) {
      progress.message("making " + USERS + " users and a tiny language model in " + out);
      JsonFile.write(marker, marker(options.seed(), false));
      new DemoData(options.seed(), USERS, DemoTitles.TASTES).write(out.resolve("data"));
      DemoModel.TINY.write(out.resolve("llm"), options.seed());
      JsonFile.write(marker, marker(options.seed(), true));
    }
    PruneOptions prune =
        new PruneOptions(
            out.resolve("data"),
            out.resolve("run"),
            Optional.of(out.resolve("llm")),
            Optional.empty(),
            options,
            TRAIN,
            InfluenceOptions.DEFAULT,
            EffortOptions.DEFAULT,
            SELECT);
    return Prune.run(prune, progress, stop);
  }

  private static void requireOurs(Path out, Path marker) throws IOException {
    if (Files.isRegularFile(out)) {
      throw new ConfigException("--out " + out + ": is a file; name a folder");
    }
    if (!Files.exists(out) || Files.exists(marker)) {
      return;
    }
    try (Stream<Path> entries = Files.list(out)) {
      Optional<Path> other =
          entries
              .filter(path -> !path.getFileName().toString().startsWith("." + MARKER + ".tmp-"))
              .findFirst();
      if (other.isPresent()) {
        throw new ConfigException(
            "--out "
                + out
                + ": holds "
                + other.get().getFileName()
                + " and is no demo folder; name a new or empty one");
      }
    }
  }

  private static boolean isMade(Path marker, long seed) {
    if (!Files.exists(marker)) {
      return false;
    }
    JsonNode made = JsonFile.read(marker);
    return made.path("format").asInt() == FORMAT
        && made.path("seed").asLong() == seed
        && made.path("complete").asBoolean();
  }

  private static Map<String, Object> marker(long seed, boolean complete) {
    Map<String, Object> marker = new LinkedHashMap<>();
    marker.put("format", FORMAT);
    marker.put("seed", seed);
    marker.put("complete", complete);
    return marker;
  }
}
