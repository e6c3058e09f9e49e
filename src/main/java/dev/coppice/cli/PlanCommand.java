// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.PlanEffort;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code coppice plan}. */
@Command(
    name = "plan",
    description = "Say what scoring effort takes: tokens, shared prefix, arithmetic, memory, time.")
final class PlanCommand implements Callable<Integer> {
  private final Session session;

  @Mixin EffortInputFlags input;
  @Mixin EffortFlags effort;
  @Mixin SessionFlags common;

  PlanCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    session.configure(common.json, common.quiet, common.verbose);
    Outcome outcome =
        PlanEffort.run(input.input(), effort.options(), common.options(), session.progress());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
