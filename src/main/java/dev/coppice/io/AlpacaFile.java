// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.data.AlpacaRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Fine-tuning samples in the form that trainers read: an Alpaca record a line. */
public final class AlpacaFile {
  private AlpacaFile() {}

  /**
   * Replaces a file by records: {@code {"instruction": ..., "input": ..., "output": ...}} a line.
   *
   * @param records read once, in order; may be made on the way
   * @throws IOException if writing fails; the file is then as before
   */
  public static void writeJsonl(Path file, Iterable<AlpacaRecord> records) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    AtomicFile.write(
        file,
        stream -> {
          for (AlpacaRecord record : records) {
            ObjectNode node = mapper.createObjectNode();
            node.put("instruction", record.instruction());
            node.put("input", record.input());
            node.put("output", record.output());
            stream.write((node + "\n").getBytes(StandardCharsets.UTF_8));
          }
        });
  }
}
