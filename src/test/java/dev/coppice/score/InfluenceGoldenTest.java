// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static dev.coppice.Closeness.assertClose;

import dev.coppice.SurrogateFixture;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import dev.coppice.solve.DirectSolve;
import dev.coppice.solve.IhvpSolution;
import dev.coppice.solve.Lissa;
import dev.coppice.solve.LissaConfig;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Per-sample gradients, Hessian products and solutions against PyTorch autograd in float64. */
class InfluenceGoldenTest {
  private static final double DAMPING = 0.25; // damp 0.01 times scale 25 of the fixtures
  private static final double SCALE = 25;

  static Stream<Arguments> cases() {
    return SurrogateFixture.all().stream()
        .flatMap(
            fixture ->
                Stream.of(TestedBackend.values()).map(backend -> Arguments.of(backend, fixture)));
  }

  static Stream<Arguments> exactCases() {
    return cases().filter(c -> ((SurrogateFixture) c.get()[1]).has("exact/hessian"));
  }

  private static void withTail(
      TestedBackend tested,
      SurrogateFixture fixture,
      SurrogateSamples samples,
      Consumer<TailFixture> test) {
    try (Backend backend = tested.open()) {
      TailFixture.with(
          backend, fixture.weights(), samples, Curvature.HESSIAN, TailFixture.CACHE, test);
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void sampleGradientsAgree(TestedBackend tested, SurrogateFixture fixture) {
    double[] expected = fixture.doubles("output/sample_grad");
    SurrogateSamples samples = fixture.samples();
    int width = fixture.config().hidden();
    int size = width * width;
    double[] actual = new double[expected.length];
    double[] loss = new double[samples.scorable().length];
    withTail(
        tested,
        fixture,
        samples,
        tail -> {
          Backend backend = tail.backend();
          long bytes = Workspace.plan(backend, a -> a.f32(width, width));
          try (Workspace room = backend.workspace(bytes)) {
            Tensor gradient = room.f32(width, width);
            for (int s = 0; s < loss.length; s++) {
              TailBatches.Evaluated one = tail.batches().evaluate(new int[] {s});
              backend.gemm(true, false, 1f, one.delta(), one.state().x(), 0f, gradient);
              System.arraycopy(gradient.doubles(), 0, actual, s * size, size);
              loss[s] = Arrays.stream(one.loss().doubles()).average().orElseThrow();
            }
          }
        });
    assertClose("sample gradients", expected, actual, tested.tolerance());
    assertClose("sample losses", fixture.doubles("output/sample_loss"), loss, tested.tolerance());
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void hessianProductsAgree(TestedBackend tested, SurrogateFixture fixture) {
    double[] expected = fixture.doubles("hvp/result");
    double[] probe = fixture.doubles("hvp/probe");
    double[] actual = new double[expected.length];
    withTail(
        tested,
        fixture,
        fixture.samples(),
        tail -> {
          for (int s = 0; s < expected.length / probe.length; s++) {
            double[] product = tail.hessian().ofSamples().product(new int[] {s}, probe);
            System.arraycopy(product, 0, actual, s * probe.length, probe.length);
          }
        });
    assertClose("Hessian products", expected, actual, tested.tolerance());
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void lissaAgreesOverAGivenOrder(TestedBackend tested, SurrogateFixture fixture) {
    int[][] order =
        Arrays.stream(fixture.ints("lissa/order"))
            .mapToObj(sample -> new int[] {sample})
            .toArray(int[][]::new);
    LissaConfig config = new LissaConfig(DAMPING, OptionalDouble.of(SCALE), order.length, 1, 0);
    withTail(
        tested,
        fixture,
        fixture.samples(),
        tail -> {
          double[] g = tail.hessian().meanGradient();
          assertClose("mean gradient", fixture.doubles("lissa/v"), g, tested.tolerance());
          IhvpSolution solution =
              Lissa.solve(tail.hessian().ofSamples(), tail.hessian(), g, config, order);
          double[] h = solution.q().clone();
          for (int i = 0; i < h.length; i++) {
            h[i] *= SCALE; // the golden recursion is not divided by its scale
          }
          assertClose("h", fixture.doubles("lissa/h"), h, tested.tolerance());
        });
    try (Backend backend = tested.open();
        InfluenceScorer scorer =
            new InfluenceScorer(
                backend, fixture.weights(), fixture.samples(), InfluenceConfig.DEFAULT)) {
      scorer.use(fixture.doubles("lissa/h"));
      double[] scores = scorer.score(fixture.samples().scorable()).influence();
      assertClose("scores", fixture.doubles("lissa/scores"), scores, tested.tolerance());
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("exactCases")
  void exactSolutionAgrees(TestedBackend tested, SurrogateFixture fixture) {
    double[] exactScores = fixture.doubles("exact/scores");
    SurrogateSamples first = fixture.samples(exactScores.length);
    withTail(
        tested,
        fixture,
        first,
        tail -> {
          double[] dense = tail.hessian().dense();
          assertClose("Hessian", fixture.doubles("exact/hessian"), dense, tested.tolerance());
          IhvpSolution solution =
              DirectSolve.solve(
                  tail.backend(),
                  dense,
                  tail.hessian(),
                  fixture.doubles("exact/damping")[0],
                  tail.hessian().meanGradient());
          assertClose(
              "solution", fixture.doubles("exact/solution"), solution.q(), tested.tolerance());
        });
    InfluenceConfig direct =
        InfluenceConfig.DEFAULT.with(InfluenceConfig.Solver.DIRECT).with(Damping.absolute(DAMPING));
    try (Backend backend = tested.open();
        InfluenceScorer scorer = new InfluenceScorer(backend, fixture.weights(), first, direct)) {
      scorer.solve();
      double[] influence = scorer.score(first.scorable()).influence();
      assertClose("scores", exactScores, influence, tested.tolerance());
    }
  }
}
