package dev.interdict.policy;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Says why a file could not be read or written, in words: Java's exceptions have names only. */
public final class FileTrouble {
  private FileTrouble() {}

  /** What went wrong; with the file if the exception knows it. */
  public static String of(IOException thrown) {
    return thrown instanceof FileSystemException e && e.getFile() != null
        ? e.getFile() + ": " + why(thrown)
        : why(thrown);
  }

  /** The same for who names the file himself. */
  public static String why(IOException thrown) {
    String why =
        switch (thrown) {
          case NoSuchFileException e -> "there is no such file or folder";
          case AccessDeniedException e -> "permission denied";
          case FileAlreadyExistsException e -> "it exists already";
          case NotDirectoryException e -> "it is no folder";
          case DirectoryNotEmptyException e -> "the folder is not empty";
          case FileSystemException e -> e.getReason();
          default -> thrown.getMessage();
        };
    return why == null ? thrown.getClass().getSimpleName() : why;
  }
}
