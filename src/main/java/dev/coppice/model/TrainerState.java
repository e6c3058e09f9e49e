// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import java.util.Map;

/**
 * What training needs to go on: float32 arrays by the names of {@link SasRecConfig#shapes}.
 *
 * @param parameters the weights
 * @param firstMoment Adam's m
 * @param secondMoment Adam's v
 * @param step optimizer steps done
 */
public record TrainerState(
    Map<String, float[]> parameters,
    Map<String, float[]> firstMoment,
    Map<String, float[]> secondMoment,
    long step) {}
