// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

/** What {@code --backend} asks for. */
public enum BackendChoice {
  /** The fastest that this machine has; which one, and why, is said. */
  AUTO,
  CPU,
  CUDA,
  REFERENCE
}
