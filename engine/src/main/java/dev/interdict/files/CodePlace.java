package dev.interdict.files;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Where code comes from. */
public final class CodePlace {
  private CodePlace() {}

  /**
   * The jar, or the folder of classes, that {@code type} is in, whatever its loader says of its
   * source: a class of a class data archive that was made elsewhere has none.
   *
   * @throws IOException if its loader finds it in neither
   */
  public static Path of(Class<?> type) throws IOException {
    String name = type.getName().replace('.', '/') + ".class";
    URL url = type.getResource("/" + name);
    if (url == null) {
      throw new NoSuchFileException(name);
    }
    try {
      if (url.openConnection() instanceof JarURLConnection jar) {
        return Path.of(jar.getJarFileURL().toURI());
      }
      String place = url.toString();
      if (!url.getProtocol().equals("file")) {
        throw new IOException(place + " is neither in a jar nor in a folder");
      }
      return Path.of(URI.create(place.substring(0, place.length() - name.length())));
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }
}
