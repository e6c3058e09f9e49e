// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Doctor;
import dev.coppice.pipeline.Outcome;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code coppice doctor}. */
@Command(
    name = "doctor",
    description = "Show versions, backends and why each is or is not available, and memory.")
final class DoctorCommand implements Callable<Integer> {
  private final Session session;

  @Mixin SessionFlags common;

  DoctorCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    session.configure(common.json, common.quiet, common.verbose);
    Outcome outcome = Doctor.run(common.options());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
