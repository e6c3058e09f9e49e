// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.pipeline.Progress;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Progress as JSON lines on stdout, {@code {"event": ..., ...}}; messages go to people as well. */
final class JsonProgress implements Progress {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final long INTERVAL_NANOS = 1_000_000_000L;

  private final PrintStream out;
  private final Progress people;
  private final LongSupplier nanos;

  JsonProgress(PrintStream out, Progress people, LongSupplier nanos) {
    this.out = out;
    this.people = people;
    this.nanos = nanos;
  }

  /** One event as a line of JSON. */
  static String line(String event, Map<String, ?> facts) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("event", event);
    all.putAll(facts);
    try {
      return MAPPER.writeValueAsString(all);
    } catch (JsonProcessingException failure) {
      throw new IllegalArgumentException("event " + event + " has facts beyond JSON", failure);
    }
  }

  @Override
  public void message(String text) {
    people.message(text);
    event("message", Map.of("text", text));
  }

  @Override
  public void event(String name, Map<String, ?> facts) {
    out.println(line(name, facts));
    out.flush();
  }

  @Override
  public Task start(String name, long done, long total, String unit) {
    return new Task() {
      private long now = done;
      private long told = nanos.getAsLong();

      @Override
      public void advance(long units, String note) {
        now += units;
        if (now == total || nanos.getAsLong() - told >= INTERVAL_NANOS) {
          told = nanos.getAsLong();
          event("progress", Map.of("name", name, "done", now, "total", total, "unit", unit));
        }
      }

      @Override
      public void close() {}
    };
  }
}
