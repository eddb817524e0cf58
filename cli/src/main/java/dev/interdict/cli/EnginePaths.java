package dev.interdict.cli;

import dev.interdict.engine.EngineConfig;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where an engine keeps its things; options of the commands that start or remove one. */
final class EnginePaths {
  @Option(
      names = "--state",
      paramLabel = "DIR",
      defaultValue = "/var/lib/interdict",
      description = "Applied policies and modes (default: ${DEFAULT-VALUE}).")
  Path state;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      defaultValue = "/var/cache/interdict",
      description = "What can be made again (default: ${DEFAULT-VALUE}).")
  Path cache;

  @Option(
      names = "--pins",
      paramLabel = "DIR",
      defaultValue = "/sys/fs/bpf/interdict",
      description = "On a bpffs: what outlives the engine (default: ${DEFAULT-VALUE}).")
  Path pins;

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      defaultValue = "${env:INTERDICT_SOCKET:-/run/interdict/admin.sock}",
      description = "The admin socket (default: ${DEFAULT-VALUE}, or INTERDICT_SOCKET).")
  Path socket;

  EngineConfig config() {
    return EngineConfig.DEFAULT.at(state, cache, socket, pins);
  }
}
