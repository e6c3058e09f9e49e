// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.data.ConfigException;

/**
 * How a surrogate is trained.
 *
 * @param epochs passes over the samples
 * @param batch samples of an optimizer step
 * @param lr Adam's learning rate; betas 0.9 and 0.999, eps 1e-8
 * @param seed of initial weights, order and dropout
 */
public record TrainingConfig(int epochs, int batch, float lr, long seed) {
  /**
   * Checks the numbers.
   *
   * @throws ConfigException naming the option that is out of range
   */
  public TrainingConfig {
    if (epochs < 0) {
      throw new ConfigException("epochs must be 0 or more, got " + epochs);
    }
    if (batch < 1) {
      throw new ConfigException("batch must be 1 or more, got " + batch);
    }
    if (!(lr > 0) || !Float.isFinite(lr)) {
      throw new ConfigException("lr must be a positive number, got " + lr);
    }
  }
}
