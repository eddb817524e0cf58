package dev.interdict.control;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.policy.Policy;

/**
 * One policy in force.
 *
 * @param slot its bit in the kernel's masks, 0 to 255
 */
public record ActivePolicy(int slot, Policy policy, CompiledPolicy compiled) {}
