// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline.demo;

import java.util.List;

/** Made-up titles: a noun for each taste, an adjective for each rank of an item in its taste. */
final class DemoTitles {
  private static final List<String> NOUNS =
      List.of(
          "Orchard",
          "Lantern",
          "Harbor",
          "Glacier",
          "Foundry",
          "Meadow",
          "Citadel",
          "Comet",
          "Bazaar",
          "Canyon",
          "Atelier",
          "Lagoon",
          "Viaduct",
          "Summit",
          "Café",
          "Fjörd",
          "Carousel",
          "Monsoon",
          "Archive",
          "Thicket",
          "Beacon",
          "Causeway",
          "Delta",
          "Ember",
          "Festival",
          "Granary",
          "Hollow",
          "Isthmus",
          "Junction",
          "Kiln",
          "Labyrinth",
          "Mosaic",
          "Nocturne",
          "Observatory",
          "Parade",
          "Quarry",
          "Reservoir",
          "Sanctuary",
          "Terrace",
          "Undertow",
          "Vineyard",
          "Windmill",
          "Aquifer",
          "Ballad",
          "Cascade",
          "Dune",
          "Estuary",
          "Ferry",
          "Garrison",
          "Horizon");
  private static final List<String> ADJECTIVES =
      List.of(
          "Amber",
          "Silent",
          "Broken",
          "Crimson",
          "Distant",
          "Electric",
          "Frozen",
          "Gilded",
          "Hidden",
          "Iron",
          "Jade",
          "Kindred",
          "Lunar",
          "Midnight",
          "Northern",
          "Opal",
          "Painted",
          "Quiet",
          "Restless",
          "Solar");

  /** Number of tastes that have a noun. */
  static final int TASTES = NOUNS.size();

  /** Number of ranks that have an adjective. */
  static final int RANKS = ADJECTIVES.size();

  private DemoTitles() {}

  /** The title of an item; no two are equal. */
  static String of(int taste, int rank) {
    return ADJECTIVES.get(rank) + " " + NOUNS.get(taste);
  }
}
