// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Tensors of a file of {@code golden/ops}, laid out on one backend; the owner of their memory. */
final class Fixture implements AutoCloseable {
  final Backend backend;
  private final String name;
  private final double tolerance;
  private final JsonNode tensors;
  private final List<Workspace> workspaces = new ArrayList<>();

  Fixture(Backend backend, String name) {
    this.backend = backend;
    this.name = name;
    tolerance = backend instanceof ReferenceBackend ? 1e-9 : 1e-5;
    try (InputStream file = Fixture.class.getResourceAsStream("/golden/ops/" + name + ".json")) {
      assertNotNull(file, name);
      tensors = new ObjectMapper().readTree(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JsonNode tensor(String key) {
    assertNotNull(tensors.get(key), name + " has no tensor " + key);
    return tensors.get(key);
  }

  int[] shape(String key) {
    JsonNode shape = tensor(key).get("shape");
    int[] dims = new int[shape.size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = shape.get(i).intValue();
    }
    return dims;
  }

  double[] values(String key) {
    JsonNode list = tensor(key).get("values");
    double[] values = new double[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).doubleValue();
    }
    return values;
  }

  /** A float tensor of the file. */
  Tensor in(String key) {
    Tensor tensor = like(key);
    tensor.write(values(key));
    return tensor;
  }

  /** An index tensor of the file. */
  Tensor ids(String key) {
    double[] values = values(key);
    int[] ids = new int[values.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) values[i];
    }
    Workspace work = backend.workspace(Workspace.plan(backend, a -> a.i32(ids.length)));
    workspaces.add(work);
    Tensor tensor = work.i32(ids.length);
    tensor.write(ids);
    return tensor;
  }

  /** Room for a tensor of the file's shape. */
  Tensor like(String key) {
    int[] dims = shape(key);
    Workspace work = backend.workspace(Workspace.plan(backend, a -> a.f32(dims)));
    workspaces.add(work);
    return work.f32(dims);
  }

  /** {@code max|actual - file| <= tolerance max|file|}. */
  void check(String key, Tensor actual) {
    Tolerance.assertClose(
        name + " " + key + " on " + backend.name(), values(key), actual.doubles(), tolerance);
  }

  @Override
  public void close() {
    workspaces.forEach(Workspace::close);
    backend.close();
  }
}
