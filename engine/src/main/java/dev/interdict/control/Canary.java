package dev.interdict.control;

/**
 * The part of the units of a host in which a candidate refuses in place of the policy of its name.
 * A unit is a service, a container, all that one user runs: the topmost cgroup below the scope of
 * the two, or, if one of them is for the whole host, the cgroup two levels below the root.
 *
 * @param slot of the candidate
 * @param beside the slot of the policy in force; -1: there is none
 * @param percent of the units, 1 to 99
 * @param first half of the key by which units are chosen
 * @param second the other half
 */
public record Canary(int slot, int beside, int percent, long first, long second) {}
