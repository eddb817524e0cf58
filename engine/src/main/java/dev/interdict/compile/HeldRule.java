package dev.interdict.compile;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.SortedSet;

/**
 * A rule that held for an event; one for each reason that it gave.
 *
 * @param set deny, kill or warn
 * @param file of the policy's Rego; {@link dev.interdict.policy.SourceMap} leads to the YAML that
 *     somebody wrote
 * @param line from 1
 * @param reads dotted paths below {@code input} that it can read, by the rules that it uses, too
 * @param input for which of the documents
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record HeldRule(
    String set, String reason, String file, int line, SortedSet<String> reads, int input) {}
