// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.model.ParameterSpan;
import dev.coppice.model.SasRecConfig;

/** The parameters theta of the surrogate that influence is about. */
public enum ParameterSet {
  /** The last block's attention output weight, {@code attention.dense.weight}, as published. */
  LAST_DENSE {
    @Override
    public long size(SasRecConfig config) {
      return (long) config.hidden() * config.hidden();
    }
  },

  /** Every tensor of the last block: weights, biases, layer norms. */
  LAST_BLOCK {
    @Override
    public long size(SasRecConfig config) {
      return ParameterSpan.lastBlock(config).size();
    }
  },

  /** Every tensor of the model, item and position table included. */
  ALL {
    @Override
    public long size(SasRecConfig config) {
      return ParameterSpan.all(config).size();
    }
  };

  /** Number of parameters, P. */
  public abstract long size(SasRecConfig config);
}
