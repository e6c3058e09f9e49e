// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Version;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code coppice} alone: says what there is. */
@Command(
    name = "coppice",
    description = "Keeps the training samples that an LLM recommender learns most from.",
    versionProvider = CoppiceCommand.Provider.class,
    footer = {
      "",
      "Exit codes: 0 done; 2 wrong usage or configuration; 3 bad input data; 4 missing",
      "environment; 5 failed while running; 75 stopped by a signal after saving."
    })
final class CoppiceCommand implements Runnable {
  @Option(names = "--version", versionHelp = true, description = "Show the version.")
  boolean version;

  @Option(names = "--help", usageHelp = true, description = "Show this text.")
  boolean help;

  @Spec CommandSpec spec;

  /** The version line. */
  static final class Provider implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"coppice " + Version.coppice()};
    }
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "name a command: " + String.join(", ", spec.subcommands().keySet()));
  }
}
