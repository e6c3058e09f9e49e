// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A checked data set: users, their item sequences and the items' titles. A sample is a user's
 * training sequence; its id is the 0-based row.
 *
 * @param users names, (samples), all different
 * @param train training items, (samples) rows of one item or more
 * @param valid validation items, (samples) rows, may be empty
 * @param test test items, (samples) rows, may be empty
 * @param titles title of each item by id; {@code titles[0]} is null, as id 0 is padding, (items+1)
 * @param prompt the words around the titles
 * @param negatives fixed negatives, (samples) rows of one item fewer than the training row, oldest
 *     transition first; empty where negatives are drawn
 */
public record Dataset(
    List<String> users,
    Sequences train,
    Sequences valid,
    Sequences test,
    String[] titles,
    Prompt prompt,
    Optional<Sequences> negatives) {
  /**
   * Checks that the rows agree. Contents (ids in range, titles present) are checked where files are
   * read.
   *
   * @throws IllegalArgumentException if the numbers of rows differ
   */
  public Dataset {
    users = List.copyOf(users);
    int rows = users.size();
    if (train.count() != rows || valid.count() != rows || test.count() != rows) {
      throw new IllegalArgumentException("train, valid and test must have a row a user: " + rows);
    }
    if (negatives.isPresent() && negatives.get().count() != rows) {
      throw new IllegalArgumentException("negatives must have a row a user: " + rows);
    }
  }

  /**
   * A data set of some of the users, with all items. It is one of its own: the k-th row chosen is
   * its sample k, and draws go by that number.
   *
   * @param rows different samples of this data set, in the order wanted
   */
  public Dataset rows(int[] rows) {
    return new Dataset(
        Arrays.stream(rows).mapToObj(users::get).toList(),
        train.rows(rows),
        valid.rows(rows),
        test.rows(rows),
        titles,
        prompt,
        negatives.map(fixed -> fixed.rows(rows)));
  }

  /** Number of samples, scorable or not. */
  public int samples() {
    return train.count();
  }

  /** Number of items; their ids are 1..items. */
  public int items() {
    return titles.length - 1;
  }
}
