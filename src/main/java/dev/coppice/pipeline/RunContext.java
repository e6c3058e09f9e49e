// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.Dataset;
import dev.coppice.io.HfCheckpoint;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What the stages of a run share.
 *
 * @param options what was asked
 * @param folder where the run lies
 * @param dataset the samples
 * @param checkpoint the language model, if there is one
 * @param files fingerprints of what the run is given
 * @param backend where to compute
 */
record RunContext(
    PruneOptions options,
    RunFolder folder,
    Dataset dataset,
    Optional<HfCheckpoint> checkpoint,
    InputFingerprints files,
    Backend backend) {
  /** What computes: a change of version or backend changes the last bits of every score. */
  Map<String, String> engine() {
    Map<String, String> engine = new LinkedHashMap<>();
    engine.put("coppice", Version.coppice());
    engine.put("backend", backend.name());
    return engine;
  }
}
