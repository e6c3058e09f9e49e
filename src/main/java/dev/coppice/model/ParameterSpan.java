// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The parameters theta that derivatives are taken in: all tensors of a model from some block on, in
 * the order of {@link SasRecConfig#shapes}, end to end as one vector (P). The padding row of the
 * item table is no parameter: no position reads it.
 */
public final class ParameterSpan {
  private final SasRecConfig config;
  private final int firstBlock;
  private final boolean tables;
  private final Map<String, Integer> places = new LinkedHashMap<>();
  private final int size;

  private ParameterSpan(SasRecConfig config, int firstBlock, boolean tables) {
    this.config = config;
    this.firstBlock = firstBlock;
    this.tables = tables;
    int at = 0;
    for (Map.Entry<String, int[]> entry : config.shapes().entrySet()) {
      if (tables || entry.getKey().startsWith(SasRecConfig.layer(firstBlock))) {
        places.put(entry.getKey(), at);
        at = Math.addExact(at, SurrogateWeights.size(entry.getValue()) - padding(entry.getKey()));
      }
    }
    size = at;
  }

  /** Everything: item and position table, their layer norm, all blocks. */
  public static ParameterSpan all(SasRecConfig config) {
    return new ParameterSpan(config, 0, true);
  }

  /** The last block: its six linear layers with biases and its two layer norms. */
  public static ParameterSpan lastBlock(SasRecConfig config) {
    return new ParameterSpan(config, config.layers() - 1, false);
  }

  /** Elements at the start of a tensor that are no parameters. */
  private int padding(String name) {
    return name.equals(SasRecConfig.ITEMS) ? config.hidden() : 0;
  }

  /** Number of parameters, P. */
  public int size() {
    return size;
  }

  /** Name of each tensor, with its first element in the vector; item rows start at item 1. */
  public Map<String, Integer> places() {
    return places;
  }

  /** The first block whose tensors are parameters, 0-based. */
  int firstBlock() {
    return firstBlock;
  }

  /** Whether everything up to the last block's input is constant. */
  public boolean lastBlockOnly() {
    return !tables;
  }

  /** Whether the tables and their layer norm are parameters. */
  boolean tables() {
    return tables;
  }

  /** Shape of the model. */
  public SasRecConfig config() {
    return config;
  }

  /** The part of a model's flat tensor that holds the parameters, with gaps. */
  private Tensor flat(SasRecParameters model) {
    Tensor all = model.all();
    int from = (int) offset(model, places.keySet().iterator().next());
    return all.slice(from, Math.toIntExact(all.size() - from));
  }

  private long offset(SasRecParameters model, String name) {
    return model.offset(name) + padding(name);
  }

  /** Copies a vector (P) into a model's tensors, which held 0 before. */
  void write(double[] vector, SasRecParameters model) {
    Tensor flat = flat(model);
    double[] values = new double[Math.toIntExact(flat.size())];
    copy(model, (place, at, count) -> System.arraycopy(vector, place, values, at, count));
    flat.write(values);
  }

  /** Adds a model's values to a vector (P). */
  void add(SasRecParameters model, double[] sum) {
    double[] values = flat(model).doubles();
    copy(
        model,
        (place, at, count) -> {
          for (int i = 0; i < count; i++) {
            sum[place + i] += values[at + i];
          }
        });
  }

  private interface Piece {
    void at(int place, int at, int count);
  }

  private void copy(SasRecParameters model, Piece piece) {
    long first = offset(model, places.keySet().iterator().next());
    places.forEach(
        (name, place) -> {
          int count = Math.toIntExact(model.tensor(name).size()) - padding(name);
          piece.at(place, Math.toIntExact(offset(model, name) - first), count);
        });
  }
}
