// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Failure;
import dev.coppice.pipeline.Version;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** The program {@code coppice}. */
public final class Main {
  private Main() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    Session session = new Session(out, err);
    SignalHook hook = SignalHook.install(session);
    int code = run(args, session);
    out.flush();
    hook.finished(code);
    System.exit(code);
  }

  /** Runs a command; its exit code. */
  public static int run(String[] args, PrintStream out, PrintStream err) {
    int code = run(args, new Session(out, err));
    out.flush();
    err.flush();
    return code;
  }

  private static int run(String[] args, Session session) {
    if (args.length == 1 && args[0].equals("--version")) {
      session.result(List.of("coppice " + Version.coppice()), Map.of());
      return Failure.DONE;
    }
    CommandLine line = commandLine(session);
    FailureReport report = new FailureReport(session);
    try {
      ConfigFile config = ConfigFile.of(args, line);
      line.setParameterExceptionHandler(
          (failure, given) ->
              report.usage(
                  config.blame(option(failure), failure.getMessage()), failure.getCommandLine()));
      line.setExecutionExceptionHandler(
          (failure, command, parsed) ->
              report.failed(failure, text -> config.blame(firstWord(text), text)));
      return line.execute(config.arguments());
    } catch (ParameterException failure) {
      return report.usage(failure.getMessage(), failure.getCommandLine());
    } catch (LinkageError | VirtualMachineError failure) { // picocli passes these on
      return report.failed(failure, text -> text);
    }
  }

  private static CommandLine commandLine(Session session) {
    CommandLine score =
        new CommandLine(new ScoreCommand())
            .addSubcommand(new ScoreInfluenceCommand(session))
            .addSubcommand(new ScoreEffortCommand(session));
    return new CommandLine(new CoppiceCommand())
        .addSubcommand(new DemoCommand(session))
        .addSubcommand(new PruneCommand(session))
        .addSubcommand(new TrainCommand(session))
        .addSubcommand(score)
        .addSubcommand(new PlanCommand(session))
        .addSubcommand(new SelectCommand(session))
        .addSubcommand(new ValidateCommand(session))
        .addSubcommand(new DoctorCommand(session))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setAbbreviatedOptionsAllowed(false)
        .setOut(new PrintWriter(session.out(), true))
        .setErr(new PrintWriter(session.err(), true));
  }

  private static String option(ParameterException failure) {
    return failure.getArgSpec() instanceof OptionSpec option ? option.longestName() : "";
  }

  private static String firstWord(String text) {
    return text.contains(" ") ? text.substring(0, text.indexOf(' ')) : text;
  }
}
