package dev.interdict.compile;

/**
 * A name that a rule compares a path with, and where it stands.
 *
 * @param path absolute
 * @param excepts whether it is a file that the rule lets through
 * @param folder whether it is the folder that a prefix or pattern begins with
 * @param file of the source
 * @param line from 1
 * @param column from 1
 */
public record NamedFile(
    String path, boolean excepts, boolean folder, String file, int line, int column) {}
