package dev.interdict.control;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Which Interdict this is. */
public final class Version {
  private static final String RESOURCE = "/dev/interdict/version.txt";

  private Version() {}

  /** Such as {@code 0.1.0}; the build writes it. */
  public static String current() {
    try (InputStream text = Version.class.getResourceAsStream(RESOURCE)) {
      if (text == null) {
        throw new IllegalStateException("the build left out " + RESOURCE);
      }
      return new String(text.readAllBytes(), StandardCharsets.US_ASCII).strip();
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + RESOURCE, e);
    }
  }
}
