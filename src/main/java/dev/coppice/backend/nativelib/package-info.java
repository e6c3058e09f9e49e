// SPDX-License-Identifier: Apache-2.0
/**
 * The JNI mirror of {@code coppice.h}, and the native libraries beside it. Only {@code
 * dev.coppice.backend} may import it. Start with the header.
 */
package dev.coppice.backend.nativelib;
