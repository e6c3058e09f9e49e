// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import dev.coppice.data.Unscorable;
import dev.coppice.score.EffortScorer;
import dev.coppice.score.EffortWork;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The tokens of all samples that are to be scored, in a temporary file that nobody else sees; a
 * token takes 4 bytes, its id and whether it is scored. What the samples share, and how much work
 * they are, is known before the first is scored.
 */
final class EffortTokens implements AutoCloseable {
  /** Samples that are tokenised together. */
  private static final int TOGETHER = 1024;

  private final FileChannel channel;
  private final List<Unscorable> unscorable = new ArrayList<>();
  private final SharedPrefix.Search shared = new SharedPrefix.Search();
  private int[] samples = new int[TOGETHER];
  private int[] lengths = new int[TOGETHER];
  private int[] targets = new int[TOGETHER];
  private long[] offsets = new long[TOGETHER];
  private int count;
  private long end;

  private EffortTokens(Path folder) throws IOException {
    Path file = Files.createTempFile(folder, "tokens", ".tmp");
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } finally {
      Files.delete(file); // it lives as long as it is open, whatever ends the process
    }
  }

  /**
   * Tokenises samples.
   *
   * @param folder where there is room for the file
   * @param ids in the order in which they are kept
   * @param tokens of samples with the ids given, in their order
   * @param task is told of each sample
   */
  static EffortTokens of(
      Path folder, int[] ids, Function<int[], List<TokenSample>> tokens, Progress.Task task)
      throws IOException {
    EffortTokens all = new EffortTokens(folder);
    boolean complete = false;
    try {
      for (int from = 0; from < ids.length; from += TOGETHER) {
        int[] portion = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + TOGETHER));
        all.keep(tokens.apply(portion));
        task.advance(portion.length, "");
      }
      complete = true;
      return all;
    } finally {
      if (!complete) {
        all.close();
      }
    }
  }

  private void keep(List<TokenSample> portion) throws IOException {
    int tokens = portion.stream().mapToInt(TokenSample::length).sum();
    ByteBuffer bytes = ByteBuffer.allocate(4 * tokens).order(ByteOrder.LITTLE_ENDIAN);
    for (TokenSample sample : portion) {
      Optional<Unscorable> reason = EffortScorer.unscorable(sample);
      if (reason.isPresent()) {
        unscorable.add(reason.get());
        continue;
      }
      remember(sample, end + bytes.position());
      for (int t = 0; t < sample.length(); t++) {
        bytes.putInt(sample.inputIds()[t] << 1 | (sample.scored()[t] ? 1 : 0));
      }
    }
    bytes.flip();
    while (bytes.hasRemaining()) {
      end += channel.write(bytes, end);
    }
  }

  private void remember(TokenSample sample, long offset) {
    if (count == samples.length) {
      samples = Arrays.copyOf(samples, 2 * count);
      lengths = Arrays.copyOf(lengths, 2 * count);
      targets = Arrays.copyOf(targets, 2 * count);
      offsets = Arrays.copyOf(offsets, 2 * count);
    }
    samples[count] = sample.sample();
    lengths[count] = sample.length();
    targets[count] = sample.targets();
    offsets[count++] = offset;
    shared.add(sample);
  }

  /** Number of samples that can be scored. */
  int count() {
    return count;
  }

  /** How much work they are. */
  EffortWork work() {
    return new EffortWork(Arrays.copyOf(lengths, count), Arrays.copyOf(targets, count));
  }

  /** Samples without a scored target, with the reason. */
  List<Unscorable> unscorable() {
    return unscorable;
  }

  /**
   * What all samples begin with: nothing where some have other rotary angles than others, with
   * which the same tokens are not the same.
   *
   * @param shortTexts tokens up to which samples have the same angles
   */
  SharedPrefix shared(int shortTexts) {
    boolean differ = Arrays.stream(lengths, 0, count).anyMatch(length -> length > shortTexts);
    return differ ? SharedPrefix.NONE : shared.found();
  }

  /** Sample number {@code index}. */
  TokenSample get(int index) throws IOException {
    int length = lengths[index];
    ByteBuffer bytes = ByteBuffer.allocate(4 * length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, offsets[index] + bytes.position()) < 0) {
        throw new IOException("the temporary file of tokens became shorter");
      }
    }
    IntBuffer codes = bytes.flip().asIntBuffer();
    int[] ids = new int[length];
    boolean[] scored = new boolean[length];
    for (int t = 0; t < length; t++) {
      ids[t] = codes.get(t) >>> 1;
      scored[t] = (codes.get(t) & 1) != 0;
    }
    return new TokenSample(samples[index], ids, scored);
  }

  /** Samples with these numbers. */
  List<TokenSample> get(int[] indices) throws IOException {
    List<TokenSample> chosen = new ArrayList<>();
    for (int index : indices) {
      chosen.add(get(index));
    }
    return chosen;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
