// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import java.util.Locale;

/**
 * What an effort pass over some samples takes.
 *
 * @param samples that are scored
 * @param tokens of these samples
 * @param shared positions that all of them share
 * @param computed positions that go through the layers
 * @param ends one past the last sample of each macro-batch; they are consecutive
 * @param positions of the largest macro-batch
 * @param multiplyAdds of the whole pass
 * @param workspaceBytes that the largest macro-batch fills
 * @param measuredBytes that the measurement for this forecast has filled of them
 * @param javaBytes that Java keeps of it
 * @param weightBytes of the matrices, in the checkpoint's files
 * @param streams whether weights are given back layer by layer
 * @param rate multiply-adds a second on this machine now
 * @param seconds of the whole pass
 */
public record EffortForecast(
    int samples,
    long tokens,
    int shared,
    long computed,
    int[] ends,
    int positions,
    double multiplyAdds,
    long workspaceBytes,
    long measuredBytes,
    long javaBytes,
    long weightBytes,
    boolean streams,
    double rate,
    double seconds) {

  /** Number of macro-batches. */
  public int macroBatches() {
    return ends.length;
  }

  /** For the reader, without the seconds. */
  public String work() {
    return String.format(
        Locale.ROOT,
        "%,d samples, %,d tokens of which %,d are computed (the first %d of each are shared),"
            + " %.3g multiply-adds",
        samples,
        tokens,
        computed,
        shared,
        multiplyAdds);
  }
}
