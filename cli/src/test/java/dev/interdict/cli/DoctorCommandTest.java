package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.Check;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DoctorCommandTest {
  @Test
  void eachRequirementMustShowWithItsRemedy() {
    StringWriter text = new StringWriter();
    DoctorCommand.tell(
        false,
        List.of(
            new Check("libbpf", Check.Result.OK, "1.1", ""),
            new Check(
                "bpf among the active security modules",
                Check.Result.FAILED,
                "active: lockdown,yama",
                "boot with lsm=lockdown,yama,bpf")),
        new PrintWriter(text, true),
        new Style(false, true));

    assertEquals(
        """
        ✔ libbpf: 1.1
        ✘ bpf among the active security modules: active: lockdown,yama
            boot with lsm=lockdown,yama,bpf
        this host cannot enforce everything; what it lacks is refused, never skipped
        """,
        text.toString());
  }

  @Test
  void theExitCodeMustBeNoExactlyIfSomethingIsMissing() {
    Cli doctor = Cli.run("doctor", "-o", "json");

    JsonNode json = JsonMapper.shared().readTree(doctor.out());
    assertEquals(json.get("ok").asBoolean() ? ExitCode.OK : ExitCode.NO, doctor.code());
    boolean failed = false;
    for (JsonNode check : json.get("checks")) {
      failed |= check.get("result").asString().equals("failed");
      assertEquals(
          check.get("result").asString().equals("ok"), check.get("remedy").asString().isEmpty());
    }
    assertEquals(json.get("ok").asBoolean(), !failed);
    assertTrue(json.get("checks").size() >= 5);
  }
}
