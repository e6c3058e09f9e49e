// SPDX-License-Identifier: Apache-2.0
/**
 * From files to files: the resumable stages of a run, the run folder, and the work behind each
 * command of the command line.
 *
 * <p>Imports every package but {@code cli}; computes nothing itself. Start reading at {@link
 * dev.coppice.pipeline.Prune}, then {@link dev.coppice.pipeline.Stage} and {@link
 * dev.coppice.pipeline.RunFolder}.
 */
package dev.coppice.pipeline;
