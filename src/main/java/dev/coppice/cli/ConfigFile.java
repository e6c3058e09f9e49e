// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * Options from a YAML file whose keys are the long names without dashes. They are put before the
 * arguments of the command line, leaving out those that it gives itself.
 */
final class ConfigFile {
  private static final List<String> NOT_IN_A_FILE = List.of("--config", "--help", "--version");

  private final String[] arguments;
  private final String file;
  private final List<String> options; // names that came from the file

  private ConfigFile(String[] arguments, String file, List<String> options) {
    this.arguments = arguments;
    this.file = file;
    this.options = options;
  }

  /**
   * The arguments with those of the file that {@code --config} names, if it is given.
   *
   * @throws ParameterException if the file cannot be read, is not YAML, or has an unknown key
   */
  static ConfigFile of(String[] args, CommandLine root) {
    CommandLine command = root;
    int depth = 0;
    while (depth < args.length && command.getSubcommands().containsKey(args[depth])) {
      command = command.getSubcommands().get(args[depth++]);
    }
    String file = null;
    for (int i = depth; i < args.length && file == null; i++) {
      if (args[i].startsWith("--config=")) {
        file = args[i].substring("--config=".length());
      } else if (args[i].equals("--config") && i + 1 < args.length) {
        file = args[i + 1];
      }
    }
    if (file == null || depth == 0) {
      return new ConfigFile(args, "", List.of());
    }
    Map<String, String> added =
        added(file, command, Arrays.asList(args).subList(depth, args.length));
    List<String> all = new ArrayList<>(Arrays.asList(args).subList(0, depth));
    added.forEach((name, value) -> all.add(value == null ? name : name + "=" + value));
    all.addAll(Arrays.asList(args).subList(depth, args.length));
    return new ConfigFile(all.toArray(String[]::new), file, List.copyOf(added.keySet()));
  }

  /** Option names to values, null for a flag. */
  private static Map<String, String> added(String file, CommandLine command, List<String> given) {
    Map<String, String> added = new LinkedHashMap<>();
    read(file, command)
        .properties()
        .forEach(
            entry -> {
              String name = "--" + entry.getKey();
              OptionSpec option = command.getCommandSpec().optionsMap().get(name);
              if (option == null || NOT_IN_A_FILE.contains(name)) {
                throw new ParameterException(
                    command, file + ": unknown key \"" + entry.getKey() + "\"");
              }
              boolean flag = option.arity().max() == 0;
              String value = value(file, command, entry.getKey(), entry.getValue(), flag);
              boolean overruled =
                  given.stream().anyMatch(a -> a.equals(name) || a.startsWith(name + "="));
              if (!overruled && !(flag && value.equals("false"))) {
                added.put(name, flag ? null : value);
              }
            });
    return added;
  }

  private static String value(
      String file, CommandLine command, String key, JsonNode node, boolean flag) {
    if (flag ? node.isBoolean() : node.isValueNode() && !node.isNull()) {
      return node.asText();
    }
    if (!flag && node.isArray() && !node.isEmpty()) {
      List<String> parts = new ArrayList<>();
      node.forEach(part -> parts.add(value(file, command, key, part, false)));
      return String.join(",", parts);
    }
    String wanted = flag ? "true or false" : "a value";
    throw new ParameterException(command, file + ": key \"" + key + "\" needs " + wanted);
  }

  private static JsonNode read(String file, CommandLine command) {
    YAMLMapper mapper =
        YAMLMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build();
    try {
      JsonNode root = mapper.readTree(Files.readString(Path.of(file)));
      if (root.isMissingNode() || root.isNull()) {
        return mapper.createObjectNode(); // an empty file, or comments alone
      }
      if (!root.isObject()) {
        throw new ParameterException(command, file + ":1: is no list of keys and values");
      }
      return root;
    } catch (JsonProcessingException failure) {
      String reason = failure.getOriginalMessage().lines().findFirst().orElse("");
      long line = failure.getLocation() == null ? 1 : failure.getLocation().getLineNr();
      throw new ParameterException(command, file + ":" + line + ": is not YAML (" + reason + ")");
    } catch (IOException failure) {
      throw new ParameterException(
          command, file + ": cannot be read (" + failure.getClass().getSimpleName() + ")");
    }
  }

  /** What picocli is to parse. */
  String[] arguments() {
    return arguments.clone();
  }

  /** A message about an option, with the file in front if the option came from there. */
  String blame(String option, String message) {
    return options.contains(option) ? file + ": " + message : message;
  }
}
