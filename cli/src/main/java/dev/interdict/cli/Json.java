package dev.interdict.cli;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Apart from {@link Output}, so that Jackson is loaded only when JSON is asked for. */
final class Json {
  private Json() {}

  static String write(Object tree, boolean indent) {
    JsonMapper mapper =
        JsonMapper.builder().configure(SerializationFeature.INDENT_OUTPUT, indent).build();
    return mapper.writeValueAsString(tree);
  }
}
