package dev.interdict.testkit;

/** What need not be done on every kernel is spread over the machines of a run. */
public final class Share {
  private Share() {}

  /**
   * Whether the work with this number is for this machine: the environment variable SHARE is {@code
   * 1/3} on the second of three machines.
   */
  public static boolean isTurn(int number) {
    String[] share = System.getenv().getOrDefault("SHARE", "0/1").split("/", -1);
    return number % Integer.parseInt(share[1]) == Integer.parseInt(share[0]);
  }

  /**
   * Whether this machine, or another one, shows what rests on how calls go round, and on nothing
   * else of a kernel: in one way before Linux 7.0, in another since. Of three kernels the last is
   * of the second kind; {@code first} says which of the two before is the other.
   */
  public static boolean isOneOfEachKind(int first) {
    return isTurn(first) || isTurn(2);
  }
}
