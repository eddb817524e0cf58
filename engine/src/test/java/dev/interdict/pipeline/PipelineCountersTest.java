package dev.interdict.pipeline;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PipelineCountersTest {
  @Test
  void thePageSaysWhatEachCounts() throws Exception {
    String page = Files.readString(Path.of("README.md"));
    for (String name : new PipelineCounters().read().keySet()) {
      assertTrue(page.contains("\n| `" + name + "` | "), name);
    }
  }
}
