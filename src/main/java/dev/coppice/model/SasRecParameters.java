// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One value for each parameter of a SASRec model, in one flat F32 tensor with named views: the
 * weights, their gradient, or a moment of the optimizer, which then takes one step for all.
 *
 * <p>Each view starts at a multiple of 16 elements; the gaps hold 0 once the vector is filled.
 */
public final class SasRecParameters {
  private static final int ALIGNMENT = 16;

  private final SasRecConfig config;
  private final Tensor all;
  private final Map<String, Tensor> named = new LinkedHashMap<>();
  private final Map<String, Long> offsets = new LinkedHashMap<>();
  private final Tensor items;
  private final Tensor positions;
  private final Norm norm;
  private final Block[] blocks;

  /** A layer {@code y = x weight^T + bias}; weight (O,I), bias (O). */
  record Linear(Tensor weight, Tensor bias) {}

  /** A layer norm; gamma and beta (D). */
  record Norm(Tensor gamma, Tensor beta) {}

  /** The layers of one block, in the order in which they are computed. */
  record Block(
      Linear query,
      Linear key,
      Linear value,
      Linear dense,
      Norm attentionNorm,
      Linear first,
      Linear second,
      Norm outputNorm) {}

  /** Lays the tensors out; their content is undefined until filled or loaded. */
  public SasRecParameters(Allocator allocator, SasRecConfig config) {
    this(allocator.f32(size(config.shapes())), config, config.shapes());
  }

  private SasRecParameters(Tensor flat, SasRecConfig config, Map<String, int[]> shapes) {
    this.config = config;
    all = flat;
    long from = 0;
    for (Map.Entry<String, int[]> entry : shapes.entrySet()) {
      int[] shape = entry.getValue();
      offsets.put(entry.getKey(), from);
      named.put(
          entry.getKey(),
          all.slice(from, shape.length < 3 ? shape : new int[] {shape[0], shape[1]}));
      from += aligned(SurrogateWeights.size(shape));
    }
    items = named.get(SasRecConfig.ITEMS);
    positions = named.get(SasRecConfig.POSITIONS);
    norm = norm("LayerNorm");
    blocks = new Block[config.layers()];
    for (int l = 0; l < blocks.length; l++) {
      blocks[l] = block(l);
    }
  }

  private static Map<String, int[]> layerShapes(SasRecConfig config) {
    Map<String, int[]> shapes = config.shapes();
    shapes.remove(SasRecConfig.ITEMS);
    shapes.remove(SasRecConfig.POSITIONS);
    return shapes;
  }

  /** Elements of {@link #layers()}. */
  static int layersSize(SasRecConfig config) {
    return size(layerShapes(config));
  }

  /** All but the tables, in a flat vector of {@link #layersSize} elements. */
  static SasRecParameters ofLayers(Tensor flat, SasRecConfig config) {
    return new SasRecParameters(flat, config, layerShapes(config));
  }

  private static int size(Map<String, int[]> shapes) {
    long size = 0;
    for (int[] shape : shapes.values()) {
      size += aligned(SurrogateWeights.size(shape));
    }
    return Math.toIntExact(size);
  }

  private static long aligned(int size) {
    return (size + (ALIGNMENT - 1L)) / ALIGNMENT * ALIGNMENT;
  }

  private Block block(int l) {
    String attention = SasRecConfig.layer(l) + SasRecConfig.ATTENTION;
    String feedForward = SasRecConfig.layer(l) + SasRecConfig.FEED_FORWARD;
    return new Block(
        linear(attention + "query"),
        linear(attention + "key"),
        linear(attention + "value"),
        linear(attention + "dense"),
        norm(attention + "LayerNorm"),
        linear(feedForward + "conv1d_1"),
        linear(feedForward + "conv1d_2"),
        norm(feedForward + "LayerNorm"));
  }

  private Linear linear(String name) {
    return new Linear(named.get(name + ".weight"), named.get(name + ".bias"));
  }

  private Norm norm(String name) {
    return new Norm(named.get(name + ".weight"), named.get(name + ".bias"));
  }

  /** The flat vector, gaps included. */
  Tensor all() {
    return all;
  }

  /** The end of the flat vector that holds all but the tables, gaps included. */
  Tensor layers() {
    int size = layersSize(config);
    return all.slice(all.size() - size, size);
  }

  /** Where a parameter starts in {@link #all}. */
  long offset(String name) {
    return offsets.get(name);
  }

  /** Item table, (items+1,D). */
  public Tensor items() {
    return items;
  }

  /** Position table, (max_len,D). */
  Tensor positions() {
    return positions;
  }

  /** The layer norm behind the sum of item and position. */
  Norm norm() {
    return norm;
  }

  /** Layers of block {@code l}, 0-based. */
  Block layers(int l) {
    return blocks[l];
  }

  /** A parameter by its name in a checkpoint; the pointwise layers as (D,D). */
  public Tensor tensor(String name) {
    Tensor tensor = named.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("a surrogate has no tensor " + name);
    }
    return tensor;
  }

  /** Sets everything to 0. */
  public void clear(Backend backend) {
    backend.fill(all, 0f);
  }

  /**
   * Copies named values in, and 0 into the gaps.
   *
   * @param values every name of {@link SasRecConfig#shapes}
   */
  public void load(Backend backend, Map<String, float[]> values) {
    clear(backend);
    named.forEach((name, tensor) -> tensor.write(values.get(name)));
  }

  /** The values by name, rounded to float32. */
  public Map<String, float[]> read() {
    Map<String, float[]> values = new LinkedHashMap<>();
    named.forEach((name, tensor) -> values.put(name, tensor.floats()));
    return values;
  }

  /** Shape of the model. */
  public SasRecConfig config() {
    return config;
  }
}
