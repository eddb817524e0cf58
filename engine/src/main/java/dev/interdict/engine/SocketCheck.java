package dev.interdict.engine;

import dev.interdict.admin.AdminServer;
import dev.interdict.control.Check;
import java.nio.file.Path;

/** Whether the admin socket can work on this host. */
public final class SocketCheck {
  private SocketCheck() {}

  /**
   * Loads what the socket needs.
   *
   * @param stateDirectory of the engine, where the library is unpacked if that can be
   */
  public static Check of(Path stateDirectory) {
    String problem = AdminServer.probe(stateDirectory);
    return problem == null
        ? new Check("admin socket", Check.Result.OK, "its native library can be loaded", "")
        : new Check(
            "admin socket",
            Check.Result.FAILED,
            "its native library cannot be loaded: " + problem,
            "the engine unpacks it in its state directory: mount the file system of "
                + stateDirectory
                + " without noexec");
  }
}
