// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code coppice score} alone: says what can be scored. */
@Command(name = "score", description = "Score samples: influence or effort.")
final class ScoreCommand implements Runnable {
  @Option(names = "--help", usageHelp = true, description = "Show this text.")
  boolean help;

  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "name what to score: influence or effort");
  }
}
