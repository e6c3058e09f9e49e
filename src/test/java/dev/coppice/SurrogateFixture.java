// SPDX-License-Identifier: Apache-2.0
package dev.coppice;

import dev.coppice.data.Dataset;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.Prompt;
import dev.coppice.data.Sequences;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import dev.coppice.io.SafeTensors;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SurrogateWeights;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A file of golden numbers of a surrogate: weights, a batch, and what comes out of them. */
public final class SurrogateFixture {
  private static final Path OWN = Path.of("src/test/resources/golden/surrogate_d8.safetensors");

  private final Path file;
  private final SafeTensors tensors;
  private final SasRecConfig config;

  private SurrogateFixture(Path file) {
    this.file = file;
    tensors = SafeTensors.open(file);
    Map<String, String> shape = tensors.metadata();
    config =
        new SasRecConfig(
            Integer.parseInt(shape.get("items")) - 1,
            Integer.parseInt(shape.get("hidden")),
            Integer.parseInt(shape.get("layers")),
            Integer.parseInt(shape.get("heads")),
            Integer.parseInt(shape.get("max_len")),
            0.5f);
  }

  /** The committed one, and the larger shared ones where they are. */
  public static List<SurrogateFixture> all() {
    Stream<Path> shared =
        SharedData.root().stream()
            .flatMap(
                root ->
                    Stream.of("sasrec_d16.safetensors", "sasrec_games_d64.safetensors")
                        .map(name -> root.resolve("golden").resolve(name)));
    return Stream.concat(Stream.of(OWN), shared).map(SurrogateFixture::new).toList();
  }

  /** The committed one. */
  public static SurrogateFixture own() {
    return new SurrogateFixture(OWN);
  }

  public SasRecConfig config() {
    return config;
  }

  public SurrogateWeights weights() {
    Map<String, float[]> weights = new LinkedHashMap<>();
    for (String name : config.shapes().keySet()) {
      weights.put(name, tensors.floats("weight/" + name));
    }
    return new SurrogateWeights(config, weights);
  }

  /** The batch, as a data set: each sample a user with fixed negatives. */
  public Dataset dataset() {
    int[] offsets = ints("input/offsets");
    int[] items = ints("input/items");
    int[] positives = ints("input/positives");
    int users = offsets.length - 1;
    int[] rowOffsets = new int[users + 1];
    int[] rows = new int[items.length + users];
    for (int u = 0; u < users; u++) {
      int from = offsets[u] + u;
      int count = offsets[u + 1] - offsets[u];
      System.arraycopy(items, offsets[u], rows, from, count);
      rows[from + count] = positives[offsets[u + 1] - 1];
      rowOffsets[u + 1] = from + count + 1;
    }
    Sequences none = new Sequences(new int[users + 1], new int[0]);
    String[] titles = new String[config.items() + 1];
    Arrays.fill(titles, 1, titles.length, "title");
    return new Dataset(
        IntStream.range(0, users).mapToObj(Integer::toString).toList(),
        new Sequences(rowOffsets, rows),
        none,
        none,
        titles,
        Prompt.GENERIC,
        Optional.of(new Sequences(offsets, ints("input/negatives"))));
  }

  public SurrogateSamples samples() {
    return new SurrogateSamples(dataset(), config.maxLen(), 0, 0);
  }

  /** The first {@code count} samples only. */
  public SurrogateSamples samples(int count) {
    Dataset all = dataset();
    Sequences none = new Sequences(new int[count + 1], new int[0]);
    return new SurrogateSamples(
        new Dataset(
            all.users().subList(0, count),
            head(all.train(), count),
            none,
            none,
            all.titles(),
            all.prompt(),
            all.negatives().map(rows -> head(rows, count))),
        config.maxLen(),
        0,
        0);
  }

  private static Sequences head(Sequences rows, int count) {
    return new Sequences(
        Arrays.copyOf(rows.offsets(), count + 1), Arrays.copyOf(rows.items(), rows.start(count)));
  }

  /** The whole batch. */
  public PackedBatch batch(Weighting weighting) {
    SurrogateSamples samples = samples();
    return samples.batch(samples.scorable(), 0, weighting);
  }

  public double[] doubles(String name) {
    return tensors.doubles(name);
  }

  public int[] ints(String name) {
    return Arrays.stream(tensors.longs(name)).mapToInt(Math::toIntExact).toArray();
  }

  public boolean has(String name) {
    return tensors.entries().containsKey(name);
  }

  @Override
  public String toString() {
    return file.getFileName().toString();
  }
}
