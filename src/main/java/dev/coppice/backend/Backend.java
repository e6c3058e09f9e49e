// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A device that owns memory and computes: the operations are in {@link CoreOps}, {@link
 * SurrogateOps}, {@link InfluenceOps} and {@link LanguageOps}. One backend has one queue and is
 * used by one thread at a time.
 *
 * <p>Operations read and write tensors of this backend only, may return before the work is done,
 * and never fall back to another device; {@link Tensor}'s reads wait. Outputs must not overlap
 * inputs unless an operation says so. An operation that throws IllegalArgumentException has written
 * nothing.
 */
public interface Backend extends CoreOps, SurrogateOps, InfluenceOps, LanguageOps, AutoCloseable {

  /** {@code reference}, {@code cpu}, {@code cuda}; recorded in every result. */
  String name();

  /** One line about the device and the libraries in use. */
  String description();

  /** Bytes of one element in this backend's workspaces. */
  int bytesOf(DType dtype);

  /**
   * Reserves memory for one stage of work.
   *
   * @param bytes capacity, as {@link Workspace#plan} counts it
   * @throws OutOfDeviceMemoryException if the device cannot hold it; the backend stays usable
   */
  Workspace workspace(long bytes);

  /**
   * Maps a file whose tensors the matrix products and gathers of this backend can read.
   *
   * @throws IllegalArgumentException naming the file if it cannot be opened
   * @throws OutOfDeviceMemoryException if the device has memory of its own and cannot hold it
   */
  MappedFile map(Path file);

  /**
   * In how many parts a batch is best worked on: on a CPU so many that a part's activations stay in
   * a core's cache and that several cores have equal shares, on a device one. It decides the
   * rounding of sums over a batch, so nothing else enters into it, threads least of all.
   *
   * @param positions of the batch
   */
  int parts(int positions);

  /**
   * Opens contexts of one thread each on this backend's device, as many as it has threads; they
   * read this backend's tensors as well as their own, and are closed before it. None where work is
   * better given to this backend as a whole. {@link Lanes} runs them.
   */
  List<Backend> openLanes();

  /** Recording and replay of operations; empty where it is better to give them one by one. */
  Optional<Graphs> graphs();

  /** Waits until all queued operations are done. */
  void sync();

  /** Bytes now held by workspaces of this backend. */
  long liveBytes();

  /**
   * Closes the device. Idempotent.
   *
   * @throws IllegalStateException if a workspace is still open; the backend stays open too
   */
  @Override
  void close();
}
