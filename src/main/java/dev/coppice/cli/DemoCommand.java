// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.demo.Demo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coppice demo}. */
@Command(
    name = "demo",
    description = "Make a small data set and a tiny LLM, and run everything on them.")
final class DemoCommand implements Callable<Integer> {
  private final Session session;

  @Option(names = "--out", paramLabel = "DIR", description = "Folder (./coppice-demo).")
  Path out = Path.of("coppice-demo");

  @Mixin SessionFlags common;

  DemoCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    session.configure(common.json, common.quiet, common.verbose);
    session.setResumable();
    Outcome outcome = Demo.run(out, common.options(), session.progress(), session.stop());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
