package dev.interdict.mutation;

import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/** Loads the product and its tests anew, what differs first; libraries are shared. */
final class MutantLoader extends URLClassLoader {
  MutantLoader(Path changed) {
    super(urls(changed), MutantLoader.class.getClassLoader());
  }

  /* Folders of the class path are ours, jars are libraries. */
  private static URL[] urls(Path changed) {
    Stream<Path> ours =
        Arrays.stream(System.getProperty("java.class.path").split(":", -1))
            .filter(entry -> !entry.endsWith(".jar"))
            .map(Path::of);
    return Stream.concat(Stream.of(changed), ours).map(MutantLoader::url).toArray(URL[]::new);
  }

  private static URL url(Path path) {
    try {
      return path.toAbsolutePath().toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(path.toString(), e);
    }
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith("dev.interdict.") || name.startsWith("dev.interdict.mutation.")) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded != null ? loaded : findClass(name);
    }
  }

  @Override
  public URL getResource(String name) {
    URL own = findResource(name);
    return own != null ? own : super.getResource(name);
  }
}
