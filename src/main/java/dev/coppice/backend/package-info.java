// SPDX-License-Identifier: Apache-2.0
/**
 * The numeric operations of the engine and the memory they work on. Imports nothing else of Coppice
 * but {@code random}. Start with {@link dev.coppice.backend.Backend}, then {@link
 * dev.coppice.backend.ReferenceBackend}, the definition of every operation.
 */
package dev.coppice.backend;
