// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.InfluenceOptions;
import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.TrainOptions;
import dev.coppice.pipeline.Validate;
import dev.coppice.pipeline.ValidateOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coppice validate}. */
@Command(
    name = "validate",
    description =
        "Train the surrogate again without some samples and compare with what scores predict;"
            + " goes on when run again.")
final class ValidateCommand implements Callable<Integer> {
  private static final InfluenceOptions DEFAULT = InfluenceOptions.DEFAULT;

  private final Session session;

  @Option(names = "--data", paramLabel = "DIR", required = true, description = "Data folder.")
  Path data;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder for validate.json; made, or gone on with.")
  Path out;

  @Option(
      names = "--users",
      paramLabel = "N",
      description = "Users of the smaller problem, drawn at random (all).")
  Integer users;

  @Option(names = "--subsets", paramLabel = "N", description = "Random halves (32).")
  int subsets = ValidateOptions.SUBSETS;

  @Option(names = "--groups", paramLabel = "N", description = "Random groups left out (8).")
  int groups = ValidateOptions.GROUPS;

  @Option(
      names = "--k",
      paramLabel = "N",
      description = "Samples of a group, and of top and bottom of a score (a twentieth).")
  Integer k;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      description = "Trainings of each set, with seeds from --seed on (1).")
  int repeats = 1;

  @Option(names = "--bootstrap", paramLabel = "N", description = "Draws of an interval (2000).")
  int bootstrap = ValidateOptions.BOOTSTRAP;

  @Option(
      names = "--damping",
      paramLabel = "X",
      split = ",",
      description =
          "Ridges added to the Hessian, each a score: numbers, or such as 0.1x of its largest"
              + " eigenvalue (0.25,1x,0.1x,0.01x,0.001x).")
  List<String> dampings = List.of("0.25", "1x", "0.1x", "0.01x", "0.001x");

  @Option(
      names = "--params",
      paramLabel = "NAME",
      split = ",",
      description =
          "Weights that influence is about, each a score: last-dense, last-block, all"
              + " (last-dense).")
  List<String> params = List.of(DEFAULT.params());

  @Option(
      names = "--curvature",
      paramLabel = "NAME",
      split = ",",
      description = "hessian, gauss-newton or both (hessian).")
  List<String> curvatures = List.of(DEFAULT.curvature());

  @Option(
      names = "--solver",
      paramLabel = "NAME",
      split = ",",
      description =
          "Solvers, each a score: cg, direct, lissa, or ekfac, which last-dense has not (cg).")
  List<String> solvers = List.of(DEFAULT.solver());

  @Option(
      names = "--tolerance",
      paramLabel = "X",
      description = "Relative residual at which cg ends (1e-6).")
  double tolerance = DEFAULT.tolerance();

  @Mixin SurrogateFlags surrogate;
  @Mixin SessionFlags common;

  ValidateCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    session.configure(common.json, common.quiet, common.verbose);
    session.setResumable();
    ValidateOptions options =
        new ValidateOptions(
            data,
            out,
            common.options(),
            surrogate.options(TrainOptions.DEFAULT.evalEvery(), TrainOptions.DEFAULT.patience()),
            Optional.ofNullable(users),
            subsets,
            groups,
            Optional.ofNullable(k),
            repeats,
            bootstrap,
            influence());
    Outcome outcome = Validate.run(options, session.progress(), session.stop());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }

  private List<InfluenceOptions> influence() {
    List<InfluenceOptions> scores = new ArrayList<>();
    for (String parameterSet : params) {
      for (String solver : solvers) {
        if (!(solver.equals("ekfac") && parameterSet.equals("last-dense") && params.size() > 1)) {
          addInfluence(solver, parameterSet, scores);
        }
      }
    }
    return scores;
  }

  private void addInfluence(String solver, String parameterSet, List<InfluenceOptions> scores) {
    for (String curvature : curvatures) {
      for (String damping : dampings) {
        scores.add(
            new InfluenceOptions(
                solver,
                damping,
                tolerance,
                curvature,
                parameterSet,
                DEFAULT.lissaScale(),
                DEFAULT.lissaSteps(),
                DEFAULT.lissaBatch(),
                DEFAULT.curvatureReport()));
      }
    }
  }
}
