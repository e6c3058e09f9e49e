// SPDX-License-Identifier: Apache-2.0
/**
 * Files to data and back; every size, id and byte that is read is checked, and errors name file and
 * line. It imports {@code dev.coppice.data} only. Start reading at {@link
 * dev.coppice.io.DataFolder}.
 */
package dev.coppice.io;
