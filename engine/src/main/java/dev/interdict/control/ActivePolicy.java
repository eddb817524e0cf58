package dev.interdict.control;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.policy.Policy;

/**
 * One policy in force.
 *
 * @param slot its bit in the kernel's masks, 0 to 255
 * @param mode the operator's override, or else what policy.yaml says
 */
public record ActivePolicy(int slot, Policy policy, CompiledPolicy compiled, Policy.Mode mode) {}
