// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RowGroupsTest {

  @Test
  void groupsPositionsByRow() {
    int[] out = new int[1 + RowGroups.capacity(6)];
    int rows = new RowGroups(10).append(new int[] {7, 2, 7, 9, 2, 7}, out, 1);
    assertEquals(3, rows);
    int[] expected = {0, 7, 2, 9, 0, 3, 5, 6, 0, 2, 5, 1, 4, 3};
    assertArrayEquals(expected, Arrays.copyOf(out, expected.length));
  }

  @Test
  void startsAfreshAtEachCall() {
    RowGroups groups = new RowGroups(4);
    int[] first = new int[RowGroups.capacity(3)];
    int[] second = new int[RowGroups.capacity(3)];
    groups.append(new int[] {3, 0, 3}, first, 0);
    groups.append(new int[] {3, 0, 3}, second, 0);
    assertArrayEquals(first, second);
  }

  @Test
  void takesNoPositions() {
    int[] out = new int[RowGroups.capacity(0)];
    assertEquals(0, new RowGroups(1).append(new int[0], out, 0));
    assertArrayEquals(new int[] {0}, out);
  }
}
