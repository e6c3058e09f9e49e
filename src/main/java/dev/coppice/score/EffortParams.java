// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.ConfigException;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.LoraConfig.Target;
import dev.coppice.data.Projection;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Which LoRA tensors the effort score takes the gradient of: {@code last-v-lora-b}, {@code
 * all-lora}, or those whose name, like {@code model.layers.3.self_attn.q_proj.lora_A}, has a part
 * that a regular expression matches.
 */
public final class EffortParams {
  /** B of the last layer's v_proj, or its rows of the last qkv_proj's B. */
  public static final EffortParams LAST_V_LORA_B = new EffortParams("last-v-lora-b", null);

  /** Every A and B of the adapter. */
  public static final EffortParams ALL_LORA = new EffortParams("all-lora", Pattern.compile(""));

  private final String text;
  private final Pattern pattern; // null: last-v-lora-b

  private EffortParams(String text, Pattern pattern) {
    this.text = text;
    this.pattern = pattern;
  }

  /**
   * The tensors that an option names.
   *
   * @throws ConfigException if it is neither a known name nor a regular expression
   */
  public static EffortParams of(String text) {
    if (text.equals(LAST_V_LORA_B.text)) {
      return LAST_V_LORA_B;
    }
    if (text.equals(ALL_LORA.text)) {
      return ALL_LORA;
    }
    try {
      return new EffortParams(text, Pattern.compile(text));
    } catch (PatternSyntaxException malformed) {
      throw new ConfigException(
          "--effort-params is \""
              + text
              + "\", no regular expression: "
              + malformed.getDescription()
              + "; give last-v-lora-b, all-lora, or an expression such as"
              + " layers\\.1\\.self_attn\\..*lora_B");
    }
  }

  /**
   * The linear layers whose LoRA tensors are meant.
   *
   * @throws ConfigException if the adapter does not have them
   */
  List<Target> targets(LlmConfig config, LoraConfig lora) {
    if (pattern == null) {
      return List.of(lastValues(config, lora));
    }
    List<Target> targets = lora.targets().stream().filter(t -> !tensors(t).isEmpty()).toList();
    if (targets.isEmpty() && lora.targets().isEmpty()) {
      throw new ConfigException(
          "the adapter has no LoRA tensor, which effort-params "
              + text
              + " asks for; use another adapter, or none for a fresh one");
    }
    if (targets.isEmpty()) {
      throw new ConfigException(
          "--effort-params \""
              + text
              + "\" matches no LoRA tensor of the adapter; they are named like "
              + lora.targets().get(0).loraA());
    }
    return targets;
  }

  private static Target lastValues(LlmConfig config, LoraConfig lora) {
    Target last = config.target(config.layers() - 1, Projection.V);
    if (!lora.sizes().containsKey(last)) {
      throw new ConfigException(
          "the adapter has no LoRA on "
              + last.module()
              + ", which effort-params last-v-lora-b asks for; use an adapter of v_proj, or"
              + " effort-params all-lora");
    }
    return last;
  }

  /** The tensors meant of one linear layer. */
  List<String> tensors(Target target) {
    if (pattern == null) {
      return List.of(target.loraB());
    }
    List<String> names = new ArrayList<>(List.of(target.loraA(), target.loraB()));
    names.removeIf(name -> !pattern.matcher(name).find());
    return names;
  }

  /** As {@link #of} takes it. */
  @Override
  public String toString() {
    return text;
  }
}
