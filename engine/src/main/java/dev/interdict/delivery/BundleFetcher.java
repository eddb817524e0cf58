package dev.interdict.delivery;

import dev.interdict.bundle.BundleException;
import java.util.SortedMap;

/** Gets the files of a bundle. For one thread at a time. */
interface BundleFetcher extends AutoCloseable {
  /**
   * Asks once.
   *
   * @param etag what is there already; empty: nothing
   * @throws FetchException if it cannot be had
   * @throws BundleException if what came is no bundle
   * @throws InterruptedException if the thread was interrupted; nothing is left behind
   */
  Fetched fetch(String etag) throws FetchException, BundleException, InterruptedException;

  @Override
  void close();

  /**
   * An answer.
   *
   * @param files null: nothing new
   * @param etag of what is there now
   * @param size in bytes, as it came
   * @param waits whether the next question may be asked at once, since the server keeps it until
   *     there is something new
   */
  record Fetched(SortedMap<String, byte[]> files, String etag, int size, boolean waits) {}
}
