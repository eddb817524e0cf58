package dev.interdict.control;

/**
 * Until when the modes in force count, and those that count from then on. The kernel keeps to it by
 * itself.
 *
 * @param endNs CLOCK_BOOTTIME, which goes on while the host sleeps
 * @param after without a lease of their own
 */
public record Lease(long endNs, Modes after) {}
