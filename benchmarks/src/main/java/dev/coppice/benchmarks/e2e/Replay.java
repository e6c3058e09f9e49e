// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.backend.NativeBackend;
import dev.coppice.benchmarks.GeneratedData;
import dev.coppice.random.Shuffle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Trains without chance on a small data set - the same initial weights, order and negatives, no
 * dropout - on every side, and compares the losses: batches, gradients of all tensors, and Adam.
 */
final class Replay {
  private static final int USERS = 1500;
  private static final int ITEMS = 700;
  private static final int EPOCHS = 3;
  private static final double BOUND = 2e-5; // float32 gradients through Adam's division, 9 steps

  private Replay() {}

  static void check(Exchange exchange, Settings settings, Iterable<Peer.Kind> kinds, Checks checks)
      throws IOException {
    Peer.Setup setup = settings.peers();
    Path data = exchange.path("replay");
    GeneratedData.write(data, USERS, ITEMS, Ours.SEED);
    Files.deleteIfExists(data.resolve("negatives.txt")); // of an earlier run
    try (Ours drawing = new Ours(data, NativeBackend.Device.CPU, 1, 0)) {
      Exchange inside = new Exchange(data);
      inside.negatives("negatives.txt", drawing.dataset, drawing.samples); // fixed from here on
    }
    double[] losses = new double[EPOCHS];
    try (Ours ours = new Ours(data, settings.device(), 2, 0)) {
      exchange.weights("replay.safetensors", ours.weights());
      int[] scorable = ours.samples.scorable();
      int[] order = new int[EPOCHS * scorable.length];
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        int[] shuffled = Shuffle.order(scorable.length, Ours.SEED, epoch);
        for (int i = 0; i < shuffled.length; i++) {
          order[epoch * scorable.length + i] = scorable[shuffled[i]];
        }
        losses[epoch] = ours.trainEpoch();
      }
      exchange.ids("replay-order.i32", order);
    }
    for (Peer.Kind kind : kinds) {
      if (kind == Peer.Kind.VMAP) {
        continue; // trains as (b) does
      }
      Path weights = exchange.path("replay.safetensors");
      try (Peer peer = new Peer(kind, setup, data, data.resolve("negatives.txt"), weights)) {
        String order = exchange.path("replay-order.i32").toString();
        JsonNode answer =
            peer.ask(Peer.request("replay").put("order", order).put("epochs", EPOCHS));
        double[] theirs = new double[EPOCHS];
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
          theirs[epoch] = answer.get("losses").get(epoch).asDouble();
        }
        String what = "losses of " + EPOCHS + " epochs without chance against " + kind.column;
        checks.close("epoch", what, losses, theirs, BOUND);
      }
    }
  }
}
