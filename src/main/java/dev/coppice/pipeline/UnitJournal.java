// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.Map;

/**
 * How often units of work were begun, over all processes that ever worked on a run folder: an
 * append-only file with a line {@code STAGE begin} a unit and {@code STAGE reset} where a stage
 * starts from nothing. It only counts; what is finished is told by the results themselves.
 */
final class UnitJournal implements AutoCloseable {
  private final FileChannel channel;
  private final Map<StageName, Integer> begun = new EnumMap<>(StageName.class);

  private UnitJournal(FileChannel channel) {
    this.channel = channel;
  }

  /** Opens a journal, made if missing; a line that a crash cut short is dropped. */
  static UnitJournal open(Path file) throws IOException {
    String text = Files.exists(file) ? Files.readString(file, StandardCharsets.US_ASCII) : "";
    int whole = text.lastIndexOf('\n') + 1;
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channel.truncate(whole);
    channel.position(whole);
    UnitJournal journal = new UnitJournal(channel);
    text.substring(0, whole).lines().forEach(journal::count);
    return journal;
  }

  private void count(String line) {
    for (StageName stage : StageName.values()) {
      if (line.equals(stage.label() + " begin")) {
        begun.merge(stage, 1, Integer::sum);
      } else if (line.equals(stage.label() + " reset")) {
        begun.put(stage, 0);
      }
    }
  }

  /** Records that a unit is begun. */
  void begin(StageName stage) throws IOException {
    append(stage.label() + " begin");
  }

  /** Records that a stage starts from nothing. */
  void reset(StageName stage) throws IOException {
    append(stage.label() + " reset");
  }

  private void append(String line) throws IOException {
    channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.US_ASCII)));
    count(line);
  }

  /** Units begun since the stage last started from nothing. */
  int begun(StageName stage) {
    return begun.getOrDefault(stage, 0);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
