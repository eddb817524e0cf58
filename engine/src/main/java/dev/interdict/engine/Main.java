package dev.interdict.engine;

import dev.interdict.attach.Pins;
import dev.interdict.libbpf.UnderPressure;
import dev.interdict.service.ServiceManager;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * The engine as a service: runs until SIGTERM. {@code uninstall} takes everything out of the kernel
 * instead.
 */
public final class Main {
  private static final Logger LOG = System.getLogger(Main.class.getName());

  private Main() {}

  /** Exits with 0, or with 1 and a message if the engine could not start or go on. */
  public static void main(String[] arguments) {
    try {
      if (arguments.length == 1 && arguments[0].equals("uninstall")) {
        new Pins(EngineConfig.DEFAULT.pins()).uninstall();
      } else {
        run(EngineConfig.DEFAULT);
      }
    } catch (IOException | RuntimeException | Error e) {
      System.err.println("interdict: the engine does not run: " + e.getMessage());
      System.exit(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Runs an engine until the process is asked to end. Who has started it as a service is told how
   * it is.
   *
   * @throws EngineLostException if the engine can no longer do its work; the process should end
   */
  public static void run(EngineConfig config) throws IOException, InterruptedException {
    LateLog.install();
    for (String missing : UnderPressure.prepare()) {
      LOG.log(Level.WARNING, "on a host under pressure the engine is less safe: {0}", missing);
    }
    ServiceManager manager =
        ServiceManager.of(System.getenv(), ProcessHandle.current().pid()).orElse(null);
    Engine engine = Engine.start(config.with(config.outlets().with(manager)));
    Runtime.getRuntime().addShutdownHook(new Thread(engine::close, "shutdown"));
    throw new EngineLostException(engine.awaitLoss());
  }
}
