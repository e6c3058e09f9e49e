// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/**
 * A sample that gets no score.
 *
 * @param sample sample id
 * @param reason for the user, without a final full stop
 */
public record Unscorable(int sample, String reason) {}
