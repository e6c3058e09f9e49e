// SPDX-License-Identifier: Apache-2.0
/**
 * The command line: arguments in, an exit code out, messages on the way.
 *
 * <p>Imports {@code pipeline} only; holds no logic of its own. Start reading at {@link
 * dev.coppice.cli.Main}.
 */
package dev.coppice.cli;
