package dev.interdict.control;

/**
 * Why a host cannot do what was asked.
 *
 * @param subject what was asked, such as {@code hook file_open}
 * @param reason what stands against it
 * @param remedy what to do about it
 */
public record Objection(String subject, String reason, String remedy) {
  @Override
  public String toString() {
    return subject + ": " + reason + "; " + remedy;
  }
}
