package dev.interdict.engine;

import dev.interdict.attach.Pins;
import java.io.IOException;

/**
 * The engine as a service: runs until SIGTERM. {@code uninstall} takes everything out of the kernel
 * instead.
 */
public final class Main {
  private Main() {}

  /** Exits with 0, or with 1 and a message if the engine could not start. */
  public static void main(String[] arguments) {
    try {
      if (arguments.length == 1 && arguments[0].equals("uninstall")) {
        new Pins(EngineConfig.DEFAULT.pins()).uninstall();
      } else {
        run(EngineConfig.DEFAULT);
      }
    } catch (IOException | RuntimeException e) {
      System.err.println("interdict: the engine did not start: " + e.getMessage());
      System.exit(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Runs an engine until the process is asked to end. */
  public static void run(EngineConfig config) throws IOException, InterruptedException {
    Engine engine = Engine.start(config);
    Runtime.getRuntime().addShutdownHook(new Thread(engine::close, "shutdown"));
    Thread.currentThread().join();
  }
}
