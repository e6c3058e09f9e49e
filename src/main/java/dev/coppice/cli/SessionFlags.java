// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.BackendChoice;
import dev.coppice.pipeline.RunOptions;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options that every command takes. */
final class SessionFlags {
  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "Where to compute: auto, cpu, cuda or reference (default: auto).")
  BackendChoice backend;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      defaultValue = RunOptions.FULL,
      description =
          "Inputs of matrix products on cuda: fp32, or rounded to tf32 or bf16 (default: fp32).")
  String precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads (default: cores of this machine). Changes no result.")
  int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "42",
      description = "Seed of every random draw (default: 42).")
  long seed;

  @Option(names = "--json", description = "JSON lines on stdout instead of text.")
  boolean json;

  @Option(names = "--quiet", description = "No messages and no progress on stderr.")
  boolean quiet;

  @Option(names = "--verbose", description = "On an internal error, the stack trace on stderr.")
  boolean verbose;

  @Option(
      names = "--config",
      paramLabel = "FILE.yaml",
      description = "Options from a file, keys as the long names; the command line wins.")
  Path config; // read by ConfigFile before the arguments are parsed

  @Option(names = "--help", usageHelp = true, description = "Show this text.")
  boolean help;

  RunOptions options() {
    return new RunOptions(backend, precision, threads, seed, System.getenv());
  }
}
