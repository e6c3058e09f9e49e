// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.util.List;
import java.util.Map;

/**
 * What a command that is done tells on stdout.
 *
 * @param lines as text
 * @param facts as JSON
 */
public record Outcome(List<String> lines, Map<String, Object> facts) {}
