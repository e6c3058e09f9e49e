// SPDX-License-Identifier: Apache-2.0
/**
 * The report of a run: one HTML page that needs no network and no other file.
 *
 * <p>Imports {@code data} and {@code select} only; takes a {@link dev.coppice.report.ReportModel}
 * and returns text, so that whoever calls it decides where it is written. Start reading at {@link
 * dev.coppice.report.RunReport}; style sheet and chart code are resources of this package.
 */
package dev.coppice.report;
