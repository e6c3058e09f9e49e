// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.Arrays;

/**
 * The users of one evaluation, packed: what the surrogate is given, which items it must not rank,
 * and the answers. Users without answers are left out.
 *
 * <p>VALID: input and mask are the training items, answers the validation items. TEST: input and
 * mask are the training and validation items, answers the test items. An answer that is masked (the
 * user had chosen it before) stays an answer that cannot be hit.
 *
 * @param users 0-based rows of the data set, ascending, (U)
 * @param offsets ascending from 0 to T: where each user's input lies, (U+1)
 * @param items the last max_len items of each input, oldest first, (T)
 * @param positions rows of the position table, right-aligned, (T)
 * @param mask items left out of the ranking, in any order and perhaps repeated, (U) rows
 * @param answers different items to be found, ascending, (U) rows of one or more
 */
public record EvaluationSet(
    int[] users, int[] offsets, int[] items, int[] positions, Sequences mask, Sequences answers) {

  /** Which items are the answers. */
  public enum Part {
    VALID,
    TEST
  }

  /**
   * The evaluation of a data set.
   *
   * @param maxLen items kept of an input, 1 or more
   */
  public static EvaluationSet of(Dataset dataset, Part part, int maxLen) {
    if (maxLen < 1) {
      throw new ConfigException("max-len must be 1 or more, got " + maxLen);
    }
    Sequences wanted = part == Part.VALID ? dataset.valid() : dataset.test();
    int[] users = usersWithAnswers(wanted);
    Sequences mask = masks(dataset, part, users);
    int[] offsets = new int[users.length + 1];
    for (int u = 0; u < users.length; u++) {
      offsets[u + 1] = Math.addExact(offsets[u], Math.min(maxLen, mask.length(u)));
    }
    int[] items = new int[offsets[users.length]];
    int[] positions = new int[items.length];
    for (int u = 0; u < users.length; u++) {
      int count = offsets[u + 1] - offsets[u];
      System.arraycopy(mask.items(), mask.start(u + 1) - count, items, offsets[u], count);
      for (int k = 0; k < count; k++) {
        positions[offsets[u] + k] = maxLen - count + k;
      }
    }
    return new EvaluationSet(users, offsets, items, positions, mask, distinct(wanted, users));
  }

  /** Number of users, U. */
  public int count() {
    return users.length;
  }

  private static int[] usersWithAnswers(Sequences answers) {
    int[] users = new int[answers.count()];
    int count = 0;
    for (int row = 0; row < answers.count(); row++) {
      if (answers.length(row) > 0) {
        users[count++] = row;
      }
    }
    return Arrays.copyOf(users, count);
  }

  private static Sequences masks(Dataset dataset, Part part, int[] users) {
    Sequences train = dataset.train();
    Sequences valid = dataset.valid();
    int[] offsets = new int[users.length + 1];
    for (int u = 0; u < users.length; u++) {
      int later = part == Part.TEST ? valid.length(users[u]) : 0;
      offsets[u + 1] = Math.addExact(offsets[u], train.length(users[u]) + later);
    }
    int[] items = new int[offsets[users.length]];
    for (int u = 0; u < users.length; u++) {
      int count = train.length(users[u]);
      int later = offsets[u + 1] - offsets[u] - count;
      System.arraycopy(train.items(), train.start(users[u]), items, offsets[u], count);
      System.arraycopy(valid.items(), valid.start(users[u]), items, offsets[u] + count, later);
    }
    return new Sequences(offsets, items);
  }

  private static Sequences distinct(Sequences rows, int[] users) {
    int[] offsets = new int[users.length + 1];
    int[] items = new int[rows.items().length];
    int count = 0;
    for (int u = 0; u < users.length; u++) {
      int[] row = Arrays.copyOfRange(rows.items(), rows.start(users[u]), rows.start(users[u] + 1));
      Arrays.sort(row);
      for (int k = 0; k < row.length; k++) {
        if (k == 0 || row[k] != row[k - 1]) {
          items[count++] = row[k];
        }
      }
      offsets[u + 1] = count;
    }
    return new Sequences(offsets, Arrays.copyOf(items, count));
  }
}
