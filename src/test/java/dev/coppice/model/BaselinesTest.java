// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.coppice.SharedData;
import dev.coppice.data.Dataset;
import dev.coppice.data.EvaluationSet;
import dev.coppice.data.Prompt;
import dev.coppice.data.Sequences;
import dev.coppice.io.DataFolder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BaselinesTest {
  private static Sequences rows(int[]... rows) {
    int[] offsets = new int[rows.length + 1];
    for (int r = 0; r < rows.length; r++) {
      offsets[r + 1] = offsets[r] + rows[r].length;
    }
    return new Sequences(offsets, Arrays.stream(rows).flatMapToInt(Arrays::stream).toArray());
  }

  /**
   * Popularity: 3 occurs 4 times, 1 three times, 2 and 5 twice, 4 and 6 once, 7 to 70 never. After
   * 3 comes 1 twice, 2 and 5 once each.
   */
  private static Dataset dataset(int[][] valid) {
    int[][] train = {{3, 1, 3, 1}, {2, 3, 5}, {5, 1, 4}, {6, 3, 2}};
    String[] titles = new String[71];
    Arrays.fill(titles, 1, titles.length, "title");
    return new Dataset(
        List.of("a", "b", "c", "d"),
        rows(train),
        rows(valid),
        rows(new int[4][0]),
        titles,
        Prompt.GENERIC,
        Optional.empty());
  }

  /** Rank, from 1, at which a single answer of the last user, who knows 6, 3 and 2, is found. */
  private static RankingMetrics of(boolean successors, int answer, int user) {
    int[][] valid = new int[4][0];
    valid[user] = new int[] {answer};
    Dataset dataset = dataset(valid);
    EvaluationSet set = EvaluationSet.of(dataset, EvaluationSet.Part.VALID, 3);
    return successors ? Baselines.successors(dataset, set) : Baselines.popularity(dataset, set);
  }

  private static double ndcg(int rank) {
    return Math.log(2) / Math.log(rank + 1);
  }

  @Test
  void popularityRanksByCountThenId() {
    // User d is masked 6, 3, 2: the order is 1, 5, 4, 7, 8, ...
    assertEquals(ndcg(1), of(false, 1, 3).ndcgAt(50), 1e-12);
    assertEquals(ndcg(2), of(false, 5, 3).ndcgAt(50), 1e-12);
    assertEquals(ndcg(3), of(false, 4, 3).ndcgAt(50), 1e-12);
    assertEquals(ndcg(4), of(false, 7, 3).ndcgAt(50), 1e-12);
    assertEquals(0, of(false, 3, 3).ndcgAt(50), "masked");
    assertEquals(0, of(false, 70, 3).ndcgAt(50), "beyond rank 50");
  }

  @Test
  void successorsComeFirstThenPopularity() {
    // User a ends with 1 and is masked 3, 1: after 1 come 3 and 4; then 2, 5, 6 by popularity.
    assertEquals(ndcg(1), of(true, 4, 0).ndcgAt(50), 1e-12);
    assertEquals(ndcg(2), of(true, 2, 0).ndcgAt(50), 1e-12);
    assertEquals(ndcg(3), of(true, 5, 0).ndcgAt(50), 1e-12);
    assertEquals(ndcg(4), of(true, 6, 0).ndcgAt(50), 1e-12);
    // User b ends with 5, after which comes 1; user d ends with 2, after which comes 3: masked.
    assertEquals(ndcg(1), of(true, 1, 1).ndcgAt(50), 1e-12);
    assertEquals(ndcg(1), of(true, 1, 3).ndcgAt(50), 1e-12);
  }

  @Test
  void moreFrequentSuccessorsComeFirst() {
    // After 3 come 9 twice and 1 once, although 1 occurs more often than 9.
    int[][] train = {{3, 9, 3, 9}, {3, 1}, {1, 5}, {1, 4}, {7, 3}};
    int[][] valid = {{}, {}, {}, {}, {1}};
    String[] titles = new String[71];
    Dataset dataset =
        new Dataset(
            List.of("a", "b", "c", "d", "e"),
            rows(train),
            rows(valid),
            rows(new int[5][0]),
            titles,
            Prompt.GENERIC,
            Optional.empty());
    EvaluationSet set = EvaluationSet.of(dataset, EvaluationSet.Part.VALID, 3);
    assertEquals(ndcg(2), Baselines.successors(dataset, set).ndcgAt(50), 1e-12);
  }

  /** Numbers of a few lines of Python by the same definition, sorting every user's candidates. */
  @Test
  void agreesWithWhatWasMeasuredOnGames() {
    Optional<Path> games = SharedData.root().map(root -> root.resolve("data/games"));
    if (games.isEmpty()) {
      return;
    }
    Dataset dataset = DataFolder.read(games.get());
    EvaluationSet valid = EvaluationSet.of(dataset, EvaluationSet.Part.VALID, 50);
    RankingMetrics popular = Baselines.popularity(dataset, valid);
    assertEquals(0.0066, popular.recallAt(10), 0.00006);
    assertEquals(0.0039, popular.ndcgAt(10), 0.00006);
    RankingMetrics successors = Baselines.successors(dataset, valid);
    assertEquals(0.019554725674979713, successors.recallAt(10), 1e-12);
    assertEquals(0.014250974180378169, successors.ndcgAt(10), 1e-12);
  }
}
