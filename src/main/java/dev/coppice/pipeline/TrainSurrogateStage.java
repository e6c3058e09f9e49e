// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Trains the surrogate; its unit is an epoch. */
final class TrainSurrogateStage implements Stage {
  static final String OUTPUT = "surrogate.safetensors";

  private final RunContext context;

  TrainSurrogateStage(RunContext context) {
    this.context = context;
  }

  @Override
  public StageName name() {
    return StageName.TRAIN_SURROGATE;
  }

  @Override
  public Map<String, String> inputs() {
    Map<String, String> inputs = new LinkedHashMap<>(context.engine());
    inputs.putAll(RunOption.inputsOf(name(), context.options()));
    inputs.put("items", Integer.toString(context.dataset().items()));
    inputs.putAll(
        context
            .files()
            .of("data/train.txt", "data/valid.txt", "data/test.txt", "data/negatives.txt"));
    return inputs;
  }

  @Override
  public List<String> outputs() {
    return List.of(OUTPUT);
  }

  @Override
  public void discard() throws IOException {
    TrainingStore.discard(context.folder().workFolder());
  }

  @Override
  public void run(StageRun run) throws IOException {
    TrainOptions options = context.options().train();
    TrainingStore store =
        new TrainingStore(
            context.folder().workFolder(),
            run.key(),
            SurrogateTraining.config(context.dataset(), options));
    SurrogateTraining training =
        new SurrogateTraining(
            context.backend(),
            context.options().data(),
            context.dataset(),
            options,
            context.options().run().seed());
    Optional<TrainingState> found = store.load();
    int before = found.map(TrainingState::epochs).orElse(0);
    run.found(before, options.epochs());
    TrainingState state;
    try (Progress.Task task =
        run.progress().start(name().label(), before, options.epochs(), "epochs")) {
      state = training.train(found, new SavedEpochs(run, store, task));
    }
    training.facts(state).forEach(run::fact);
    SurrogateFile.write(context.folder().file(OUTPUT), state.best().orElseThrow());
  }

  /** Saves the state after each epoch. */
  private record SavedEpochs(StageRun run, TrainingStore store, Progress.Task task)
      implements SurrogateTraining.Epochs {
    @Override
    public void begin() throws IOException {
      run.begin();
    }

    @Override
    public void end(TrainingState state, String note) throws IOException {
      store.save(state);
      task.advance(1, note);
      run.progress().event("epoch", Map.of("epoch", state.epochs(), "note", note));
      run.end();
    }
  }
}
