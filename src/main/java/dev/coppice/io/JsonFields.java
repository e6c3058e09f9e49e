// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.coppice.data.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The fields of a configuration file that holds one JSON object; errors name file and field. */
final class JsonFields {
  private static final int LARGEST = 1 << 24; // extents multiply without leaving 64 bits

  private final Path file;
  private final JsonNode object;
  private final String prefix; // of the names in messages

  private JsonFields(Path file, JsonNode object, String prefix) {
    this.file = file;
    this.object = object;
    this.prefix = prefix;
  }

  static JsonFields read(Path file) {
    JsonNode node = JsonFile.read(file);
    if (!node.isObject()) {
      throw InputException.of(file.toString(), "is no JSON object", "check that it is the file");
    }
    return new JsonFields(file, node, "");
  }

  /** The fields of an object within; without fields where it is absent or null. */
  JsonFields inside(String name) {
    if (!has(name)) {
      return none();
    }
    if (!object.get(name).isObject()) {
      throw must(name, "be an object");
    }
    return new JsonFields(file, object.get(name), prefix + name + ".");
  }

  /** An object without fields. */
  JsonFields none() {
    return new JsonFields(file, MissingNode.getInstance(), prefix);
  }

  /** Whether the field is there and not null. */
  boolean has(String name) {
    return object.hasNonNull(name);
  }

  /** Names of all fields, in the order of the file. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** The field, or a missing or null node. */
  JsonNode get(String name) {
    return object.path(name);
  }

  private void require(String name) {
    if (!has(name)) {
      throw wrong("has no field " + prefix + name, "use the file that belongs to the weights");
    }
  }

  int positive(String name) {
    require(name);
    JsonNode node = object.path(name);
    boolean fits = node.isIntegralNumber() && node.canConvertToInt();
    if (!fits || node.intValue() < 1 || node.intValue() > LARGEST) {
      throw must(name, "be an integer from 1 to " + LARGEST);
    }
    return node.intValue();
  }

  int positive(String name, int absent) {
    return has(name) ? positive(name) : absent;
  }

  /** An integer of 0 or more. */
  int count(String name, int absent) {
    JsonNode node = object.path(name);
    return node.isIntegralNumber() && node.longValue() == 0 ? 0 : positive(name, absent);
  }

  double positiveReal(String name) {
    require(name);
    return positiveReal(name, 1);
  }

  /** A list of positive numbers, so many. */
  List<Double> positiveReals(String name, int count) {
    require(name);
    List<Double> values = new ArrayList<>();
    object.get(name).forEach(node -> values.add(node.isNumber() ? node.doubleValue() : -1));
    if (values.size() != count || !values.stream().allMatch(value -> value > 0)) {
      throw must(name, "be a list of " + count + " positive numbers");
    }
    return values;
  }

  double positiveReal(String name, double absent) {
    if (!has(name)) {
      return absent;
    }
    double value = object.get(name).isNumber() ? object.get(name).doubleValue() : Double.NaN;
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw must(name, "be a positive number");
    }
    return value;
  }

  boolean flag(String name, boolean absent) {
    if (has(name) && !object.get(name).isBoolean()) {
      throw must(name, "be true or false");
    }
    return object.path(name).asBoolean(absent);
  }

  String text(String name, String absent) {
    if (!has(name)) {
      return absent;
    }
    if (!object.get(name).isTextual()) {
      throw must(name, "be a text");
    }
    return object.get(name).textValue();
  }

  /** Fails if the field holds anything but null, false or an empty list, object or text. */
  void refuse(String name, String remedy) {
    JsonNode node = object.path(name);
    boolean empty =
        node.isMissingNode()
            || node.isNull()
            || (node.isBoolean() && !node.booleanValue())
            || (node.isContainerNode() && node.isEmpty())
            || (node.isTextual() && node.textValue().isEmpty());
    if (!empty) {
      throw unsupported(name, remedy);
    }
  }

  InputException unsupported(String name, String remedy) {
    return wrong(prefix + name + " " + shown(name) + " is not supported", remedy);
  }

  private InputException must(String name, String rule) {
    return wrong("field " + prefix + name + " is " + shown(name), "it must " + rule);
  }

  InputException wrong(String what, String remedy) {
    return InputException.of(file.toString(), what, remedy);
  }

  private String shown(String name) {
    String json = object.path(name).toString();
    return Shown.sentence(json.length() <= 60 ? json : json.substring(0, 60) + "...");
  }
}
