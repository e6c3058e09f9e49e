// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.coppice.data.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The special tokens of a model folder. EOS is {@code eos_token_id} of {@code config.json}, the
 * first where that is a list, or else {@code eos_token} of {@code tokenizer_config.json}. BOS is
 * what the tokenizer's post-processor puts, unless {@code add_bos_token} of {@code
 * tokenizer_config.json} says whether there is one.
 */
final class SpecialTokens {
  private final Path config;
  private final Path ownConfig;
  private final JsonNode model;
  private final JsonNode own; // tokenizer_config.json, or missing

  /**
   * Reads the configurations of a folder.
   *
   * @throws InputException if {@code config.json} is missing, or a file is no JSON
   */
  SpecialTokens(Path folder) {
    this.config = folder.resolve("config.json");
    this.ownConfig = folder.resolve("tokenizer_config.json");
    this.model = JsonFile.read(config);
    this.own = Files.exists(ownConfig) ? JsonFile.read(ownConfig) : MissingNode.getInstance();
  }

  /**
   * A rule that overrides the post-processor.
   *
   * @param id of the beginning-of-sequence token
   * @param wanted whether a text begins with it
   */
  record Bos(int id, boolean wanted) {}

  /**
   * Id of the end-of-sequence token.
   *
   * @param tokenizer content of {@code tokenizer.json}
   * @throws InputException if there is none
   */
  int eos(JsonNode tokenizer) {
    JsonNode listed = model.path("eos_token_id");
    JsonNode first = listed.isArray() ? listed.path(0) : listed;
    if (isId(first)) {
      return first.intValue();
    }
    OptionalInt named =
        listed.isMissingNode() ? named("eos_token", tokenizer) : OptionalInt.empty();
    return named.orElseThrow(
        () ->
            InputException.of(
                config.toString(),
                "has no eos_token_id",
                "give the id of the end-of-sequence token"));
  }

  /**
   * The rule for BOS, where {@code add_bos_token} gives one.
   *
   * @param tokenizer content of {@code tokenizer.json}
   * @throws InputException if it is no boolean, or asks for a token that is not known
   */
  Optional<Bos> bos(JsonNode tokenizer) {
    JsonNode add = own.path("add_bos_token");
    if (add.isMissingNode() || add.isNull()) {
      return Optional.empty();
    }
    if (!add.isBoolean()) {
      throw InputException.of(
          ownConfig.toString(),
          "field add_bos_token is " + Shown.sentence(add.toString()),
          "it must be true or false");
    }
    OptionalInt id = named("bos_token", tokenizer);
    JsonNode numbered = model.path("bos_token_id");
    if (id.isEmpty() && isId(numbered)) {
      id = OptionalInt.of(numbered.intValue());
    }
    if (id.isEmpty() && add.booleanValue()) {
      throw InputException.of(
          ownConfig.toString(),
          "asks for BOS by add_bos_token, but bos_token is no token of tokenizer.json",
          "give bos_token, or bos_token_id in config.json");
    }
    return id.isEmpty() ? Optional.empty() : Optional.of(new Bos(id.getAsInt(), add.asBoolean()));
  }

  private static boolean isId(JsonNode node) {
    return node.isIntegralNumber() && node.canConvertToInt() && node.intValue() >= 0;
  }

  /** Id of the token that a field of {@code tokenizer_config.json} names. */
  private OptionalInt named(String field, JsonNode tokenizer) {
    JsonNode token = own.path(field);
    String content = token.isTextual() ? token.textValue() : token.path("content").asText(null);
    if (content == null) {
      return OptionalInt.empty();
    }
    for (JsonNode added : tokenizer.path("added_tokens")) {
      if (added.path("content").asText().equals(content) && isId(added.path("id"))) {
        return OptionalInt.of(added.path("id").intValue());
      }
    }
    JsonNode id = tokenizer.path("model").path("vocab").path(content);
    return isId(id) ? OptionalInt.of(id.intValue()) : OptionalInt.empty();
  }
}
